-- The parameters of the policy by which the rows of `allowed` were made: other ones make them anew.
CREATE TABLE agreements_by (parameters TEXT NOT NULL);
