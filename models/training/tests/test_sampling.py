import dataclasses

import numpy as np
import pytest

from edgeseg_training import sampling, store, workers
from edgeseg_training.datasets import IGNORE
from edgeseg_training.prompts import UNUSED


@pytest.fixture
def sampler(make_photos, make_recipe):
    photos = make_photos(6, keep=(1,)) + make_photos(4, "regions", "regions")
    return sampling.Sampler(photos, make_recipe(train={"size": 64, "batch": 5}))


def test_a_sample_is_a_function_of_its_number(sampler):
    for number in range(30):
        one, two = sampler.sample(number), sampler.sample(number)
        assert one.kind == two.kind
        for name in ("image", "points", "target"):
            assert (getattr(one, name) == getattr(two, name)).all(), (number, name)


def test_samples_have_their_kinds_targets_and_prompts(sampler):
    seen = set()
    for number in range(100):
        sample = sampler.sample(number)
        seen.add(sample.kind)
        covered = (sample.target >= sampling.FULL // 2) & (sample.target != sampling.UNKNOWN)
        has_prompt = bool((sample.points[:, 2] != UNUSED).any())
        assert sample.image.shape == (64, 64, 3) and sample.target.shape == (32, 32)
        assert has_prompt == (sample.kind < sampling.SALIENCY)
        assert covered.any() == (sample.kind != sampling.EMPTY), (number, sampling.KINDS[sample.kind])
    assert seen == set(range(len(sampling.KINDS)))


def test_kinds_follow_the_mix(make_recipe):
    mix = make_recipe(mix={"click": 1, "crop_click": 0, "box": 2, "saliency": 1, "empty": 0}).mix
    order = sampling.schedule(mix, True, True)
    assert [order.count(kind) for kind in range(5)] == [25, 0, 50, 25, 0]


def test_sets_follow_their_weights():
    pool = sampling.Pool({"a": [1], "b": [2], "never": [3]}, {"a": 3, "never": 0}, 1)
    rng = np.random.default_rng(0)
    drawn = [pool.draw(rng) for _ in range(2000)]
    assert 3 not in drawn and abs(drawn.count(1) / 2000 - 0.75) < 0.04


def test_one_large_object_stands_out_and_two_do_not(make_photos):
    assert [each.value for each in sampling.standing_out(make_photos(1, keep=(1,))[0])] == [1]
    assert sampling.standing_out(make_photos(1, keep=(1, 2))[0]) == []
    assert len(sampling.standing_out(make_photos(1, "salient")[0])) == 2


def segments(*boxes):
    """Segments that fill their boxes, which are in pixels of a photograph of 100 x 100."""
    return [store.Segment(0, value, (x1 - x0) * (y1 - y0) / 1e4, (x0, y0, x1, y1)) for value, (x0, y0, x1, y1) in enumerate(boxes, 1)]


@pytest.mark.parametrize("boxes, wanted", [
    ([(30, 30, 60, 60)], [1]),
    ([(30, 30, 60, 60), (40, 55, 70, 80), (65, 70, 75, 90)], [1, 2, 3]),  # the third overlaps the second alone
    ([(30, 30, 60, 60), (62, 30, 90, 60)], []),  # side by side
    ([(30, 30, 60, 60), (62, 30, 70, 40)], [1]),  # little beside it
    ([(0, 0, 30, 40), (5, 30, 25, 60)], []),  # not in the middle
    ([(20, 20, 70, 70), *[(20 + 10 * n, 60, 28 + 10 * n, 80) for n in range(4)]], []),  # a crowd
])
def test_objects_that_overlap_stand_out_together(make_photos, boxes, wanted):
    photo = dataclasses.replace(make_photos(1, keep=(1,))[0], segments=segments(*boxes), width=100, height=100)
    assert sorted(each.value for each in sampling.standing_out(photo)) == wanted


def test_unknown_pixels_are_marked_in_the_target(make_photos, make_recipe):
    photo = make_photos(1, keep=(1,))[0]
    photo.maps[0][:, 70:] = IGNORE
    made = sampling.Sampler([photo], make_recipe(train={"size": 64}, mix={"saliency": 0, "empty": 0, "crop_click": 0}, augment={"flip": 0}))
    assert any((made.sample(number).target[:, -2:] == sampling.UNKNOWN).all() for number in range(10))


@pytest.mark.parametrize("processes", [1, 3])
def test_processes_give_the_batches_of_this_process_in_order(sampler, processes):
    with workers.Batches(sampler, 5, 10, 0) as here, workers.Batches(sampler, 5, 10, processes) as there:
        for _ in range(7):
            one = {name: array.copy() for name, array in next(here).items()}
            two = next(there)
            for name, array in one.items():
                assert (array == two[name]).all(), name
        assert here.next == there.next == 45


def test_a_failure_in_a_process_is_raised_here(sampler):
    sampler.schedule = [99]
    sampler.attempt = None
    with workers.Batches(sampler, 5, 0, 1) as batches, pytest.raises(RuntimeError, match="TypeError"):
        next(batches)


def test_without_whole_objects_there_are_no_saliency_samples(make_photos, make_recipe):
    made = sampling.Sampler(make_photos(3, "regions"), make_recipe(train={"size": 64}))
    assert sampling.SALIENCY not in made.schedule and 0 in made.schedule
