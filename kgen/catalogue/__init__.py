"""What Keras has, declared once: layers, losses, metrics, optimizers and the rest."""
