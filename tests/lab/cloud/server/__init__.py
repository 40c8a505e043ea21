"""What runs inside the servers' own venv; nothing here is imported by the tests themselves.

The venv has Manila and Keystone but not sharectl's packages, so these modules import only
OpenStack and `tests.lab.cloud.places`. The checkout is on their PYTHONPATH.
"""
