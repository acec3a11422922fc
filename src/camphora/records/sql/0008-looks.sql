-- By receipt: who was read since a moment (the privacy officer's review), and what a power cut took.
CREATE INDEX look_receipt ON look (receipt);
