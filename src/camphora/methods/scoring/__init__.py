"""How good forecasts were: proper scores, calibration, comparison between models, and the table of the hubs."""
