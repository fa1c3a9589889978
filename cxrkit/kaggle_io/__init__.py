"""The road to Kaggle and back: one file up, one run there, verified results down."""
