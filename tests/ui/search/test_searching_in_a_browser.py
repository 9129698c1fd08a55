"""Searching as a visitor does, in a browser, on the bundled networks."""

import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from spaceseed.recipes.recipe import Recipe
from tests.conftest import PAGE_WAIT
from tests.ui.searches import open_search, prompt, quick, settings


@pytest.fixture
def search_page(visitor):
    """The Search tab of a new visitor."""
    return open_search(visitor)


def line(page):
    return page.locator("#search-status p")


def wait_for(page, words):
    expect(line(page)).to_contain_text(re.compile(words))


def toast(page):
    return page.get_by_test_id("toast-text").last


def score(page):
    return float(page.locator("#search-curve b").first.inner_text())


def test_a_prompt_climbs_before_the_visitors_eyes(search_page):
    settings(search_page, generations=20, warm_start=0, patience=0, differential_evolution_population=8)
    prompt(search_page, "a smiling woman with red hair")
    search_page.locator("#search-go").click()
    expect(search_page.locator("#search-stop")).to_be_enabled()
    wait_for(search_page, r"Round \d+ of 20 · [\d,]+ images · \d+ images/s · .* left")
    first = score(search_page)
    wait_for(search_page, r"Done: 160 images in .*\. The best image has")
    assert score(search_page) > first
    expect(search_page.locator("#search-stop")).to_be_disabled()
    expect(search_page.locator("#search-top img")).to_have_count(8)
    loaded = "images => images.every(image => image.complete && image.naturalWidth > 0)"
    assert search_page.locator("#search-top img, #search-best img, #search-film img").evaluate_all(loaded)
    assert search_page.locator("#search-film img").count() > 1
    expect(search_page.get_by_role("img", name=re.compile("after round 20 of 20"))).to_be_visible()


def test_a_button_and_chips_search_for_an_example(search_page):
    quick(search_page)
    search_page.get_by_role("button", name="Try an example prompt").click()
    expect(search_page.locator("#search-prompt textarea")).not_to_have_value("")
    wait_for(search_page, "Done")
    expect(search_page.locator("#search-wall .begin")).to_be_hidden()
    quick(search_page, generations=4)
    chip = search_page.locator("#search-examples button").nth(1)
    wanted = chip.inner_text().strip()
    chip.click()
    wait_for(search_page, "Done: 24 images")
    expect(search_page.locator("#search-prompt textarea")).to_have_value(wanted)


def test_nothing_jumps_while_faces_arrive(search_page):
    quick(search_page, generations=10)

    def places():
        parts = ("status", "wall", "plant", "best", "met", "top", "film", "curve", "keep-best")
        search_page.evaluate("scrollTo(0, 0)")  # the browser scrolls to what is typed into
        return [search_page.locator(f"#search-{part}").bounding_box() for part in parts]

    before = places()
    prompt(search_page, "glasses").press("Enter")
    wait_for(search_page, "Round")
    assert places() == before
    wait_for(search_page, "Done")
    assert places() == before


def test_stop_leaves_the_finds_and_a_download(search_page, tmp_path):
    settings(search_page, generations=1000, warm_start=0, patience=0, differential_evolution_population=16)
    prompt(search_page, "bald man with a beard").press("Enter")
    wait_for(search_page, r"Round [1-9]\d* of 1000")
    search_page.locator("#search-stop").click()
    wait_for(search_page, r"Stopped after round \d+\.")
    expect(search_page.locator("#search-stop")).to_be_visible()
    expect(search_page.locator("#search-stop")).to_be_disabled()
    expect(search_page.locator("#search-top img")).to_have_count(8)
    with search_page.expect_download() as download:
        search_page.locator("#search-download").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    recipe = Recipe.open(path)
    assert recipe.found.prompt == "bald man with a beard"
    assert recipe.found.score == pytest.approx(score(search_page), abs=0.001)
    assert Image.open(path).size == (recipe.render().shape[-1],) * 2


def test_enter_searches_and_searching_again_starts_clean(search_page):
    quick(search_page)
    prompt(search_page, "sunglasses").press("Enter")
    wait_for(search_page, "Done: 18 images")
    first = score(search_page), search_page.locator("#search-film img").count()
    search_page.locator("#search-prompt textarea").press("Enter")
    wait_for(search_page, "Getting ready|Round")
    wait_for(search_page, "Done: 18 images")
    again = score(search_page), search_page.locator("#search-film img").count()
    assert again == first


def test_a_second_search_takes_the_place_of_the_first(search_page):
    settings(search_page, generations=1000, warm_start=0, patience=0, differential_evolution_population=16)
    prompt(search_page, "angry man").press("Enter")
    wait_for(search_page, "Round [1-9]")
    quick(search_page, generations=5)
    prompt(search_page, "pink hair").press("Enter")
    wait_for(search_page, "Done: 30 images")
    search_page.wait_for_timeout(1500)  # time for the first search to speak up, were it still there
    wait_for(search_page, "Done: 30 images")


def test_a_prompt_that_cannot_be_searched_is_answered_in_a_sentence(search_page):
    for text, sentence in (
        ("", "Type what to look for first, or add a picture."),
        (",,,", "There is no word in this to look for"),
        ("woman " * 2000, "The prompt is too long: 300 characters are read at most."),
    ):
        prompt(search_page, text)
        search_page.locator("#search-go").click()
        expect(toast(search_page)).to_contain_text(sentence)
        expect(search_page.locator("#search-stop")).to_be_disabled()


def test_a_prompt_that_is_not_understood_is_searched_all_the_same(search_page):
    search_page.on("dialog", lambda dialog: pytest.fail("the prompt was executed"))
    unknown = search_page.locator("#search-unknown")
    texts = (
        ("a dragon with red hair", '"dragon".'),
        ("eine Frau mit roten Haaren", '"eine", "frau", "mit" and more.'),
        ("<img src=x onerror=alert(1)>", '"img", "src", "onerror" and more.'),
        ("${7*6} {{value}}", '"value".'),
        ("red 😀", '"😀".'),
    )
    for rounds, (text, named) in enumerate(texts, start=1):
        quick(search_page, generations=rounds)
        prompt(search_page, text).press("Enter")
        expect(unknown).to_contain_text(f"Not understood: {named}")
        wait_for(search_page, f"Done: {6 * rounds} images")
    prompt(search_page, "red hair").press("Enter")
    expect(unknown).to_be_hidden()
    wait_for(search_page, "Done")


def test_a_population_of_one_becomes_the_smallest_that_works(search_page):
    settings(search_page, generations=3, warm_start=0, differential_evolution_population=1)
    expect(search_page.locator("#search-differential-evolution-population input[type=number]")).to_have_value("4")
    prompt(search_page, "afro").press("Enter")
    wait_for(search_page, "Done: 12 images")


def test_settings_that_do_not_fit_together_leave_the_last_search_on_the_page(search_page):
    quick(search_page)
    prompt(search_page, "afro").press("Enter")
    wait_for(search_page, "Done")
    settings(search_page, generations=1000, differential_evolution_population=256)
    search_page.locator("#search-go").click()
    expect(toast(search_page)).to_contain_text("This search would draw 256,000 images, and 20,000 are allowed")
    wait_for(search_page, "Done")
    expect(search_page.locator("#search-best img")).to_have_count(1)


def test_each_algorithm_shows_its_own_controls(search_page):
    own = {
        "Differential evolution": ["population", "f", "cr", "strategy", "dither"],
        "Genetic algorithm": ["population", "crossover", "mutation-rate", "mutation-sigma", "elites", "selection"],
        "CMA-ES": ["population", "sigma"],
        "Random search": ["population"],
        "Trade-off": ["population", "mutation-rate", "mutation-sigma"],
    }
    for chosen in own:
        settings(search_page, chosen)
        for title, names in own.items():
            for name in names:
                control = search_page.locator(f"#search-{title.lower().replace(' ', '-')}-{name}")
                expect(control).to_be_visible(visible=title == chosen)


def test_every_algorithm_searches(search_page):
    for rounds, algorithm in enumerate(["Genetic algorithm", "CMA-ES", "Random search"], start=2):
        slug = algorithm.lower().replace(" ", "_").replace("-", "_")
        settings(search_page, algorithm, generations=rounds, warm_start=0, patience=0, **{f"{slug}_population": 6})
        prompt(search_page, "moustache").press("Enter")
        last = search_page.get_by_role("img", name=re.compile(f"after round {rounds} of {rounds}"))
        expect(last).to_be_visible()
        wait_for(search_page, "Done")
        expect(search_page.locator("#search-top img")).to_have_count(8)


def test_finds_are_kept_and_bred(search_page):
    quick(search_page)
    search_page.locator("#search-keep-best").click()
    expect(toast(search_page)).to_contain_text("start a search first")
    expect(search_page.locator(".toast-body.info")).to_have_count(1)  # a hint is no error
    expect(search_page.locator(".toast-body.error")).to_have_count(0)
    for button in ("send", "download", "plant"):
        search_page.locator(f"#search-{button}").click()
        expect(toast(search_page)).to_contain_text("start a search first")
    prompt(search_page, "old lady").press("Enter")
    wait_for(search_page, "Done")
    search_page.locator("#search-keep-best").click()
    expect(toast(search_page)).to_contain_text("Kept 1 in Found seeds.")
    search_page.locator("#search-keep-all").click()
    expect(toast(search_page)).to_contain_text("Kept 7 in Found seeds.")
    search_page.get_by_role("tab", name="Found seeds").click()
    expect(search_page.locator("#finds-picker img")).to_have_count(8)
    open_search(search_page)
    search_page.locator("#search-send").click()
    expect(search_page.locator("#breed-picker")).to_be_visible()
    expect(search_page.locator("#breed-picker [data-mark='1']")).to_have_count(8)
    search_page.wait_for_function("scrollY === 0")


def test_the_best_seeds_are_there_at_once_and_can_be_bred(search_page):
    settings(search_page, "CMA-ES", generations=2)
    prompt(search_page, "a smiling woman with red hair, no glasses").press("Enter")
    wall = search_page.locator("#search-wall")
    expect(wall.locator("img")).to_have_count(24)
    expect(wall.locator(".caption").first).to_have_text(re.compile(r"seed \d+"))
    wait_for(search_page, r"Done: 82 images in .*\. The best image has (all|\d of 4)")
    expect(search_page.locator("#search-met")).to_contain_text(re.compile("Has .*no glasses"))
    expect(search_page.locator("#search-top .caption").first).to_have_text(re.compile("has all 4|lacks|shows"))
    search_page.locator("#search-plant").click()
    expect(toast(search_page)).to_contain_text("Choose seeds first")
    tiles = wall.locator(".tile")
    tiles.nth(2).click()
    tiles.nth(2).press("ArrowRight")
    search_page.keyboard.press("Space")
    seeds = [tiles.nth(i).get_attribute("aria-label").split(",")[0] for i in (2, 3)]
    search_page.locator("#search-plant").click()
    liked = search_page.locator("#breed-picker [data-mark='1']")
    expect(liked).to_have_count(2)
    assert [liked.nth(i).get_attribute("aria-label").split(",")[0] for i in (0, 1)] == seeds


def test_a_search_that_has_ended_goes_on(search_page):
    quick(search_page)
    expect(search_page.locator("#search-again")).to_be_disabled()
    prompt(search_page, "sunglasses").press("Enter")
    wait_for(search_page, "Done: 18 images")
    first = score(search_page)
    wall = search_page.locator("#search-wall .tiles").inner_text()
    search_page.locator("#search-again").click()
    wait_for(search_page, "Done: 36 images")
    assert score(search_page) >= first
    assert search_page.locator("#search-wall .tiles").inner_text() == wall
    expect(search_page.get_by_role("img", name=re.compile("after round 6 of 6"))).to_be_visible()


def test_a_picture_is_searched_for(search_page, find, tmp_path):
    quick(search_page)
    balance = search_page.locator("#search-balance")
    expect(balance).to_be_hidden()
    find(7).save(tmp_path / "find.png")
    place = search_page.locator("#search-picture input[type=file]")
    place.set_input_files(tmp_path / "find.png")
    expect(search_page.locator("#search-picture img")).to_be_visible()
    search_page.locator("#search-go").click()
    wait_for(search_page, r"Done: 18 images in .*\. Best score (0\.9|1\.0)")
    expect(search_page.locator("#search-wall .caption").first).to_have_text(re.compile("seed 7"))
    expect(balance).to_be_hidden()
    place_of_line = line(search_page).bounding_box()
    prompt(search_page, "red hair")
    expect(balance).to_be_visible()
    assert line(search_page).bounding_box() == place_of_line
    search_page.locator("#search-go").click()
    wait_for(search_page, r"Done: 18 images in .*\. The best image")
    search_page.locator("#search-keep-best").click()
    search_page.get_by_role("tab", name="Found seeds").click()
    expect(search_page.locator("#finds-picker .caption").first).to_contain_text("red hair, like a picture")
    open_search(search_page)
    search_page.get_by_role("button", name="Remove Image").click()
    expect(balance).to_be_hidden()
    (tmp_path / "text.png").write_text("no picture")
    place.set_input_files(tmp_path / "text.png")
    expect(search_page.locator("#search-picture img")).to_be_attached()
    search_page.locator("#search-go").click()
    expect(toast(search_page)).to_contain_text("Your picture could not be read: PNG, JPEG and WebP files")


def test_a_trade_off_is_shown_from_the_words_to_the_picture(search_page, find, tmp_path):
    quick(search_page)
    settings(search_page, "Trade-off", warm_start=20, trade_off_population=12)
    prompt(search_page, "bald man with a beard")
    search_page.locator("#search-go").click()
    expect(toast(search_page)).to_contain_text("A trade-off needs words and a picture")
    find(7).save(tmp_path / "find.png")
    search_page.locator("#search-picture input[type=file]").set_input_files(tmp_path / "find.png")
    expect(search_page.locator("#search-picture img")).to_be_visible()
    search_page.locator("#search-go").click()
    wait_for(search_page, r"Done: 44 images in .*\. \d of \d+ compromises are shown")
    expect(search_page.locator("#search-top .title")).to_contain_text("From what you typed to your picture")
    captions = search_page.locator("#search-top .caption").all_inner_texts()
    pairs = [tuple(map(float, caption.split(" \u00b7 "))) for caption in captions]
    assert len(pairs) > 2
    assert pairs == sorted(pairs, reverse=True)
    assert [picture for _, picture in pairs] == sorted(picture for _, picture in pairs)
    expect(search_page.locator("#search-best span")).to_contain_text(
        re.compile(r"words -?0\.\d+ \u00b7 picture \d\.\d+")
    )
    search_page.locator("#search-again").click()
    wait_for(search_page, "Done: 80 images")
    search_page.locator("#search-keep-all").click()
    expect(toast(search_page)).to_contain_text(re.compile(r"Kept \d in Found seeds"))


def test_a_search_starts_from_liked_faces(visitor):
    open_search(visitor)
    quick(visitor, generations=1)
    visitor.locator("#search-origin input").click()
    visitor.get_by_role("option", name="Images liked in Breed").click()
    prompt(visitor, "woman")
    visitor.locator("#search-go").click()
    expect(toast(visitor)).to_contain_text("Like some images in Breed first")
    visitor.get_by_role("tab", name="Breed").click()
    visitor.locator("#breed-picker .tile").nth(2).click()
    open_search(visitor)
    visitor.locator("#search-go").click()
    wait_for(visitor, "Done: 6 images")


def test_another_visitor_breeds_while_one_searches(search_page, visit):
    settings(search_page, generations=1000, warm_start=0, patience=0, differential_evolution_population=16)
    prompt(search_page, "bald man").press("Enter")
    wait_for(search_page, "Round [1-9]")
    other = visit()
    other.locator("#breed-picker .tile").first.click()
    other.locator("#breed-next").click()
    expect(other.locator("#breed-picker")).to_contain_text("Generation 1")
    open_search(other)
    expect(line(other)).to_have_text(re.compile("Type what you want to see"))
    wait_for(search_page, "Round")
    search_page.locator("#search-stop").click()
    wait_for(search_page, "Stopped after")


def test_a_phone_shows_it_all_without_scrolling_sideways(visit):
    page = open_search(visit(width=390, height=844))
    quick(page)
    prompt(page, "tongue out").press("Enter")
    wait_for(page, "Done")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator("#search-best img").bounding_box()
    assert 300 < box["width"] <= 390
    assert box["height"] == pytest.approx(box["width"], abs=1)


def test_long_searches_let_others_have_their_turn(visit):
    busy = [open_search(visit()) for _ in range(3)]
    for page in busy:
        settings(page, generations=1000, warm_start=0, patience=0, differential_evolution_population=8)
        prompt(page, "bald man").press("Enter")
        wait_for(page, r"Round \d+ of 1000|Waiting for your turn")
    page = open_search(visit())
    quick(page, generations=20)
    prompt(page, "glasses").press("Enter")
    expect(page.locator("#search-wall img").first).to_be_visible()
    expect(line(page)).to_contain_text("Done", timeout=3 * PAGE_WAIT)  # it shares two places with three long ones
    # Who waits can stop at once, and keeps what was found.
    wait_for(busy[0], r"Waiting for your turn: place \d in line, about \d s")
    busy[0].locator("#search-stop").click()
    wait_for(busy[0], r"Stopped after round \d+\.")
    expect(busy[0].locator("#search-top img").first).to_be_visible()
    for page in busy[1:]:
        page.locator("#search-stop").click()
        wait_for(page, "Stopped")
