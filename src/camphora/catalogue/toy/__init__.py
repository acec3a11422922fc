"""toy: a small working system, to be changed into a real one."""
