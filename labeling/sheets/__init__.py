"""What the page of each activity shows its labeler: records, and nothing that leads beyond them."""
