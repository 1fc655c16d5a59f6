"""Lets tests import the harness, whatever the directory in which pytest is started."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
