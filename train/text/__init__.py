"""Class texts and the frozen sentence encoder that turns them into features."""
