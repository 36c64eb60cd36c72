"""What the HTML pages that reports are written as share."""
