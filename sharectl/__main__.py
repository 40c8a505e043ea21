"""`python -m sharectl`."""

from sharectl.cli import main

if __name__ == "__main__":
    main()
