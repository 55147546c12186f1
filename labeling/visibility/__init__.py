"""What a labeler may see, one file for each activity. Pages for labelers are made of these records and nothing else.

A labeler never learns who made an answer, what others wrote about it, what its author hid in it, or which
condition a page belongs to; without assistance, not even that suggestions exist. So templates are handed no
slot, answer, bundle or other labeler to reach through: what is not in these records cannot be shown.
"""
