"""The command line: one file a command. Only here are modules imported when a command runs, so that --help is quick."""
