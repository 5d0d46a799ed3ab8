"""What would fix a cause: the remedies that checks propose, put in order and completed from the rest of the view."""
