"""Graphs from places: coordinates with and without header, LibCity's .geo, UTD19's detectors, PeMS' stations, long tables."""

import numpy as np
import pytest

from gman_search.data.file_type import file_type
from gman_search.data.graph import coordinates_of_table, graph_kind, read_graph, read_locations
from gman_search.data.graphs.kernel import neighbour_kernel
from gman_search.data.task import load_adjacency
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError

SENSORS = ("101", "102", "103", "104")
PLACES = {"101": (34.15, -118.30), "102": (34.16, -118.31), "103": (34.17, -118.32), "104": (34.18, -118.33)}
GEO = "geo_id,type,coordinates\n" + "".join(f'{name},Point,"[{lon}, {lat}]"\n' for name, (lat, lon) in PLACES.items())
UTD = "detid,length,pos,fclass,road,limit,citycode,lanes,linkid,long,lat\n" + "".join(
    f"{name},0.1,0.05,primary,Main,50,x,1,7,{lon},{lat}\n" for name, (lat, lon) in PLACES.items()
)
LONG = "time,sensor_id,latitude,longitude,speed\n" + "".join(
    f"2025-03-03 0{hour}:00:00,{name},{lat},{lon},{50 + hour}\n"
    for hour in range(3)
    for name, (lat, lon) in PLACES.items()
)


def table(form, header=""):
    return header + "".join(
        form.format(index=index, name=name, lat=lat, lon=lon) + "\n"
        for index, (name, (lat, lon)) in enumerate(PLACES.items())
    )


@pytest.fixture
def expected(tmp_path):
    """The graph of `PLACES`."""
    path = tmp_path / "plain.csv"
    path.write_text(table("{name},{lat},{lon}", "sensor,latitude,longitude\n"))
    matrix = read_graph(path, SENSORS).matrix
    assert matrix[0, 1] > 0.5 > matrix[0, 3] > 0 and (matrix == matrix.T).all()
    return matrix


@pytest.mark.parametrize("text", [
    GEO, UTD, LONG, table("{name},{lat},{lon}"), table("{name},{lon},{lat}"), table("{index},{name},{lat},{lon}"), table("{name} {lat} {lon}"),
    table("{name};{lat};{lon}", "id;lat;lng\n"), table("{name};{lat};{lon}", "id;lat;lng\n").replace(".", ","), table("{name}\t{lat}\t{lon}", "Station\tLatitude\tLongitude\n"),
    table("{index},{name},{lat},{lon}", "index,sensor_id,latitude,longitude\n"), table("{name} {lat} {lon}", "# sensor lat lon\n"), table("{name}.0,{lat},{lon}", "id,lat,lon\n"),
    GEO.replace('"', "").replace("coordinates", "lon,lat").replace("[", "").replace("]", ""),
])  # fmt: skip
def test_places_in_every_layout(write, expected, text):
    path = write(text)
    graph = read_graph(path, SENSORS)
    np.testing.assert_array_equal(graph.matrix, expected)
    assert graph.places == PLACES == read_locations(path, SENSORS) and graph_kind(path, SENSORS) == "coordinates"


def test_lines_and_areas_are_at_their_middle(write):
    text = 'geo_id,type,coordinates\n101,LineString,"[[-118.3, 34.1], [-118.5, 34.3]]"\n102,Polygon,"[[[-118.0, 34.0], [-118.2, 34.0], [-118.1, 34.3]]]"\n'
    places = read_graph(write(text), ("101", "102")).places
    assert places["101"] == pytest.approx((34.2, -118.4)) and places["102"] == pytest.approx((34.1, -118.1))


@pytest.mark.parametrize("text, told", [
    (GEO.replace("[-118.3, 34.15]", "[-118.3]"), "line 2: expected degrees"), (GEO.replace("[-118.3, 34.15]", "__import__('os')"), "line 2: expected degrees"),
    (GEO.replace("-118.3, 34.15", "34.15, -118.3"), "line 2: expected degrees"), (UTD.replace("34.16", "x"), "line 3: expected degrees"),
    ("101,48.1,11.5\n102,48.2,11.6\n103,48.3,11.7\n104,48.4,11.8\n", "could be either.*sensor,latitude,longitude"),
    (LONG + "2025-03-03 03:00:00,102,35.0,-118.31,50\n", "line 14: expected sensor 102 at one place"),
])  # fmt: skip
def test_places_that_are_refused(write, text, told):
    with pytest.raises(DataError, match=told):
        read_graph(write(text), SENSORS)


def test_rows_of_other_sensors_may_be_without_a_place(write, expected):
    graph = read_graph(write(UTD + "999,0.1,0.05,primary,Main,50,x,1,7,,\n"), SENSORS)
    np.testing.assert_array_equal(graph.matrix, expected)
    assert any("1 of 5 rows" in note and "such as 999" in note for note in graph.notes)


def test_a_long_table_of_readings_has_a_graph_of_its_own(write, expected):
    path = write(LONG, "long.csv")
    assert file_type(path) == "readings"
    graph = load_adjacency(DataSpec(readings="long.csv"), path.parent, SENSORS)
    np.testing.assert_array_equal(graph.matrix, expected)
    assert (
        graph.places == PLACES and "no graph was given: the graph is that of the coordinates in long.csv" in graph.notes
    )
    semicolons = write(LONG.replace(",", ";").encode("utf-16"), "semicolons.csv")
    np.testing.assert_array_equal(coordinates_of_table(semicolons, SENSORS).matrix, expected)
    for other in (
        "time,101,102\n2025-03-03 00:00:00,5,6\n",
        "time,sensor_id,speed\n2025-03-03 00:00:00,101,6\n",
        "",
        "\x89HDF",
    ):
        assert coordinates_of_table(write(other, "other.csv"), SENSORS) is None
    assert (
        coordinates_of_table(path.parent, SENSORS) is None
        and coordinates_of_table(path.parent / "none.csv", SENSORS) is None
    )


def test_places_that_are_all_one_say_nothing(write):
    text = "id,lat,lon\n101,34.1,-118.3\n102,34.1,-118.3\n"
    assert any("at one place" in note for note in read_graph(write(text), ("101", "102")).notes)


HEADER = (
    "ID\tFwy\tDir\tDistrict\tCounty\tCity\tState_PM\tAbs_PM\tLatitude\tLongitude\tLength\tType\tLanes\tName\tUser_ID_1"
)
# Two directions of one freeway and a ramp's freeway of one station; not in the order of the road.
STATIONS = [
    (401, "5", "S", 10.0),
    (402, "5", "S", 12.0),
    (403, "5", "N", 11.0),
    (404, "5", "S", 10.5),
    (405, "5", "N", 11.25),
    (406, "91", "E", 3.0),
]


def metadata(stations=STATIONS, ending="\n", name='12" MAIN ST'):
    rows = [
        f"{i}\t{fwy}\t{way}\t12\t59\t\t.47\t{pm}\t{33.8 + pm / 100:.4f}\t{-118 + i / 1000:.3f}\t.43\tML\t3\t{name}\t"
        for i, fwy, way, pm in stations
    ]
    return (HEADER + ending + ending.join(rows) + ending).encode()


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_stations_are_joined_along_their_freeway_and_direction(write, ending):
    path = write(metadata(ending=ending), "d12_text_meta_2015_10_01.txt")
    sensors = tuple(str(i) for i in (401, 402, 403, 404, 405, 406))
    graph = read_graph(path, sensors)
    # 401 (10.0) - 404 (10.5) - 402 (12.0) southbound, 403 (11.0) - 405 (11.25) northbound; 406 is alone.
    near, middle, far = neighbour_kernel(np.array([0.25, 0.5, 1.5]))
    expected = np.eye(6)
    for a, b, weight in ((2, 4, near), (0, 3, middle), (3, 1, far)):
        expected[a, b] = expected[b, a] = weight
    np.testing.assert_allclose(graph.matrix, expected, rtol=1e-6)
    assert (
        (graph.listed, graph.dropped) == (6, 0)
        and file_type(path) == "graph"
        and graph_kind(path, sensors) == "stations"
    )
    assert any(
        "consecutive stations of each of 3 freeway directions; distances are miles" in note for note in graph.notes
    )
    assert graph.places["401"] == (33.9, -117.599) == read_locations(path, sensors)["401"]


def test_stations_that_the_readings_have_not_are_passed_over(write):
    graph = read_graph(write(metadata(), "meta.txt"), ("402", "401"))
    assert graph.matrix[0, 1] == graph.matrix[1, 0] == np.float32(np.exp(-1)) and set(graph.places) == {"401", "402"}


def test_a_station_without_a_place_has_a_postmile(write):
    text = metadata().decode().replace("33.9200\t-117.598", "\t")
    graph = read_graph(write(text, "meta.txt"), ("401", "402"))
    assert graph.matrix[0, 1] > 0 and graph.places == {}


@pytest.mark.parametrize("stations, told", [
    ([(401, "5", "S", 10.0), (402, "5", "S", 10.0)], "they differ for no two stations of a freeway"), ([(401, "5", "S", 10.0), (402, "91", "E", 12.0)], "they differ for no two"),
])  # fmt: skip
def test_postmiles_that_say_nothing_give_way_to_coordinates(write, stations, told):
    graph = read_graph(write(metadata(stations), "meta.txt"), ("401", "402"))
    assert graph.matrix[0, 1] == graph.matrix[1, 0] > 0 and told in graph.notes[0] and len(graph.places) == 2


@pytest.mark.parametrize("sensors, stations, told", [
    (("401", "999"), STATIONS, "1 are not, such as 999"), (("401", "402"), [*STATIONS, STATIONS[0]], "line 8: expected every station once; received '401'"), (("x", "y"), STATIONS, "names of sensors"),
])  # fmt: skip
def test_stations_that_are_refused(write, sensors, stations, told):
    with pytest.raises(DataError, match=told):
        read_graph(write(metadata(stations), "meta.txt"), sensors)


def test_the_nearest_sensors_all_keep_a_link(write):
    rng = np.random.default_rng(3)
    for count in (3, 8, 60, 207):
        names = tuple(f"s{index}" for index in range(count))
        places = rng.uniform((34.0, -118.4), (34.3, -118.0), (count, 2))
        text = "id,lat,lon\n" + "".join(f"{name},{lat},{lon}\n" for name, (lat, lon) in zip(names, places, strict=True))
        graph = read_graph(write(text), names)
        between = graph.matrix[~np.eye(count, dtype=bool)]
        linked = (graph.matrix > 0).sum(axis=1) - 1
        assert linked.min() >= min(8, count - 1) and between[between > 0].min() == np.float32(0.1)
        assert (graph.listed, graph.dropped) == (int(linked.sum()), 0) and graph.notes == ()
    line = read_graph(write("id,lat,lon\na,52.50,13.4\nb,52.51,13.4\nc,52.52,13.4\n"), ("a", "b", "c"))
    assert line.matrix[0, 1] == line.matrix[1, 2] > line.matrix[0, 2] == np.float32(0.1) and line.listed == 6


def test_a_place_of_0_and_0_is_none(write, expected):
    text = table("{name},{lat},{lon}", "sensor,latitude,longitude\n")
    graph = read_graph(write(text + "105,0,0.000\n"), (*SENSORS, "105"))
    np.testing.assert_array_equal(graph.matrix[:4, :4], expected)
    assert graph.matrix[4].tolist() == [0, 0, 0, 0, 1] and graph.places == PLACES
    assert any("1 of 5 sensors in file.csv are at 0, 0" in note and "such as 105" in note for note in graph.notes)
    with pytest.raises(DataError, match="received 0, 0 for all"):
        read_graph(write("id,lat,lon\n101,0,0\n102,0,0\n"), ("101", "102"))


ORDER = ("103", "101", "104", "102")


def test_the_column_with_the_names_of_the_readings_names_the_sensors(write, expected):
    rows = "".join(f"{row},{name},{PLACES[name][0]},{PLACES[name][1]}\n" for row, name in enumerate(ORDER))
    for header in ("node_id,sensor_id", "id,name", "linkid,detid", "sensor,id"):
        graph = read_graph(write(f"{header},lat,lon\n" + rows), SENSORS)
        np.testing.assert_array_equal(graph.matrix, expected)
        assert graph.places == PLACES
    # Readings that are numbered: then the numbers are their names.
    numbered = read_graph(write("node_id,sensor_id,lat,lon\n" + rows), ("0", "1", "2", "3"))
    assert numbered.places["0"] == PLACES["103"]
    both = "node_id,sensor_id,lat,lon\n" + rows.replace(",10", ",")
    with pytest.raises(DataError, match="received 'node_id' and 'sensor_id', which both have them"):
        read_graph(write(both), ("1", "2", "3", "0", "4"))


@pytest.mark.parametrize("header", ["id,lat_deg,lon_deg", "sensor,Latitude (deg),Longitude (deg)", "id,y,x"])
def test_degrees_by_other_names(write, expected, header):
    graph = read_graph(write(table("{name},{lat},{lon}", header + "\n")), SENSORS)
    np.testing.assert_array_equal(graph.matrix, expected)
    assert graph.places == PLACES and any("x and y" in note for note in graph.notes) == header.endswith("x")


def test_places_that_are_no_degrees_are_told_what_is_needed(write):
    metres = "id,x,y\n101,385000.5,3770000.1\n102,385100.5,3770200.1\n"
    with pytest.raises(DataError, match="line 2: expected degrees.*not metres"):
        read_graph(write(metres), ("101", "102"))
    with pytest.raises(DataError, match="sensor,latitude,longitude"):
        read_graph(write(metres.replace("x,y", "north,east")), ("101", "102"))
