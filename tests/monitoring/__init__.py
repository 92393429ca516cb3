"""What operators see of the site: figures, alerts, traces and reports of errors."""
