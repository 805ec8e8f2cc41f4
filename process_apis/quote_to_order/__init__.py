"""Quote to order: the accepted revision of a quote becomes a sales order, line by line, and its number goes back."""
