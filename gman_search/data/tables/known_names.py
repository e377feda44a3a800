"""Names that columns of traffic tables go by (pure)."""

__all__ = [
    "CLOCK_NAMES",
    "HOUR_NAMES",
    "LATITUDES",
    "LONGITUDES",
    "MINUTE_NAMES",
    "NO_READINGS",
    "ROW_NUMBERS",
    "SENSOR_NAMES",
    "TIME_NAMES",
]

TIME_NAMES = {
    "", "time", "times", "timestamp", "time stamp", "time_stamp", "date", "datetime", "date time", "date_time", "ts",
    "local time", "local_time", "localtime", "time_local", "utc", "time_utc", "utc_time", "epoch", "unix", "unixtime",
    "unix_time", "datum", "zeit", "zeitpunkt", "zeitstempel", "uhrzeit", "fecha", "hora", "fecha_hora", "heure",
    "horodate", "horodatage", "datum/zeit", "date/time", "5 minutes", "measurement_time", "measured_at",
    "datetime_utc", "datetime_local", "unnamed: 0", "时间", "日期", "日期时间", "时间戳",
}  # fmt: skip
CLOCK_NAMES = {
    "time",
    "clock",
    "hour",
    "uhrzeit",
    "zeit",
    "hora",
    "heure",
    "ora",
    "stunde",
    "time_of_day",
    "时间",
    "小时",
}
HOUR_NAMES = {"hour", "hours", "stunde", "hora", "heure", "ora", "hr", "小时"}
MINUTE_NAMES = {"minute", "minutes", "min", "minuto", "分钟"}
ROW_NUMBERS = {"", "index", "row", "rowid", "row_id", "id", "no", "nr", "number", "dyna_id", "unnamed: 0"}
SENSOR_NAMES = {
    "sensor", "sensor_id", "sensorid", "sensor id", "sensor_name", "sensorname", "station", "station_id", "stationid",
    "station id", "station_name", "detector", "detector_id", "detectorid", "detector id", "detid", "det_id", "det",
    "device", "device_id", "deviceid", "loop", "loop_id", "loopid", "node", "node_id", "nodeid", "segment",
    "segment_id", "segmentid", "link", "link_id", "linkid",
    "location", "location_id", "locationid", "site", "site_id", "siteid",
    "vds", "vds_id", "vdsid", "tmc", "tmc_code", "xd_id", "counter", "counter_id", "camera", "camera_id", "edge_id",
    "section_id", "entity_id", "messstelle", "zaehlstelle", "zählstelle", "estacion", "estación", "传感器", "检测器",
}  # fmt: skip
LATITUDES = {"latitude", "lat", "lat_deg", "latitude_deg", "lat_wgs84"}
LONGITUDES = {"longitude", "lon", "lng", "long", "lon_deg", "lng_deg", "long_deg", "longitude_deg", "lon_wgs84"}
NO_READINGS = (
    "hour", "hours", "hr", "hod", "hour_of_day", "minute", "minutes", "time_of_day", "tod", "timeofday", "weekday",
    "week_day", "dayofweek", "day_of_week", "dow", "day", "day_of_month", "day_of_year", "dayofyear", "doy", "month",
    "year", "week", "week_of_year", "quarter", "season", "holiday", "is_holiday", "isholiday", "is_weekend", "weekend",
    "isweekend", "workday", "is_workday", "lanes", "lane", "num_lanes", "n_lanes", "number_of_lanes", "lane_count",
    "# lane*", "% observed", "*percent observed*", "*quality*", "*_flag", "flag", "*_status", "status", "index", "id",
    "row_id", "latitude", "longitude", "lat", "lon", "lng",
    "no", "no.", "nr", "nr.", "lfd. nr.", "lfd.nr.", "lfd nr", "lfd_nr", "row", "rowid", "row_number", "level_0",
    "unnamed: 0", "epoch", "unix", "unix_*", "unixtime", "timestamp", "timestamp*", "slot", "time_slot", "timeslot",
    "interval", "hr_end", "hour_end", "hour_ending",
)  # fmt: skip
"""Patterns of names of columns in wide tables that hold no readings."""
