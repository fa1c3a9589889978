"""Result files in, figures and tables out."""
