"""The demo: real models on data that scikit-learn ships."""
