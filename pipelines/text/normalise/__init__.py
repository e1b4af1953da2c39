"""Written text in its spoken form: numbers, dates, times, money, units, abbreviations, acronyms, addresses and symbols.

Each language is a file of `rules/`: an ordered list of patterns and templates, on top of the number words of num2words
and the names of Babel. To correct a spoken form, change that file and add a pair to the tests.
"""
