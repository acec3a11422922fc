"""What every record of Taiwan needs to know: the numbers that people, institutions and items bear, and places."""
