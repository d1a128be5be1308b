"""Checks the shipped files and the mistakes of the fixtures against the published JSON Schema."""
import json
import pathlib
import sys
import unittest

import jsonschema
import yaml

ROOT = pathlib.Path(sys.argv.pop()) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[3]
FIXTURES = ROOT / "tests/core/config/fixtures"
SCHEMA = json.loads((ROOT / "config/belfry.schema.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)

# Mistakes that a schema cannot see: in a reference or its value, in YAML itself, in a number that is too large, or across files. A file
# without a version may be an included file.
OUT_OF_REACH = {"version_missing", "route_nested_no_to", "include_forms", "catalogue", "follows_unknown_sink", "reference_unclosed", "reference_wrong_value_not_shown", "tag", "size_overflow"}


def problems(file):
    """Returns the problems of a file, or of all files in a directory."""
    if file.is_dir():
        return [problem for each in sorted(file.rglob("*.yaml")) if each.name[0] != "." for problem in problems(each)]
    content = yaml.safe_load(file.read_text())
    if content is None:
        return []
    return [f"{file.name}: {'/'.join(map(str, e.absolute_path))}: {e.message}" for e in VALIDATOR.iter_errors(content)]


class SchemaTest(unittest.TestCase):
    def test_the_schema_is_a_schema(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)

    def test_what_is_shipped_satisfies_it(self):
        files = [ROOT / "config/belfry.yaml", *sorted((ROOT / "config/examples").glob("*.yaml")), *sorted((FIXTURES / "right").glob("[!.]*"))]
        self.assertGreaterEqual(len(files), 5)
        for file in files:
            with self.subTest(file.name):
                self.assertEqual(problems(file), [])

    def test_mistakes_of_form_are_seen(self):
        """The schema refuses every key and form that the gateway refuses, so that an editor can underline it."""
        markers = ("unknown key", "unknown operator", "not supported by this version", "has no ", "a number and a unit", "a whole number")
        seen = 0
        for golden in sorted((FIXTURES / "wrong").glob("*/*.txt")):
            if golden.stem in OUT_OF_REACH or not any(words in golden.read_text() for words in markers):
                continue
            seen += 1
            with self.subTest(golden.stem):
                directory = golden.with_suffix("")
                self.assertNotEqual(problems(directory if directory.is_dir() else golden.with_suffix(".yaml")), [])
        self.assertGreaterEqual(seen, 20)

    def test_everything_is_described(self):
        for section, body in SCHEMA["properties"].items():
            for key, value in body.get("properties", {}).items():
                with self.subTest(f"{section}.{key}"):
                    self.assertIn("description", value)


if __name__ == "__main__":
    unittest.main()
