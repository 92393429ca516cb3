"""Views, one module a flow. They choose the answer; they hold no tokens."""
