"""The job of `reduce`: a test's file is made smaller as long as it shows the same bug."""
