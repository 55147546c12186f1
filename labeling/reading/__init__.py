"""What those who run and read studies are shown: a study's progress and its findings."""
