from spaceseed.ui.kit.templates import ESCAPE, read


def test_constants_are_written_as_json_and_the_escape_function_is_included(tmp_path):
    path = tmp_path / "template.html"
    path.write_text("${(() => {\n  /* escape.js */\n  return escape(TITLE) + PLACES;\n})()}\n")
    assert read(path, TITLE='a "title"', PLACES=3) == (
        "${(() => {\n  " + ESCAPE + '\n  return escape("a \\"title\\"") + 3;\n})()}'
    )
