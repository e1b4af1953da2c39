"""Written text as it is said: numbers, dates, times, money, units, abbreviations, acronyms, addresses and signs.

Each language is a file of `rules/`: an ordered list of patterns and what is said for them, over the numbers of
num2words and the names of Babel. To mend what is said, change that file and add a pair to the tests.
"""
