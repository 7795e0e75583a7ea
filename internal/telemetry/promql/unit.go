package promql

// suffixes are the words that metric names end in, by UCUM code: Prometheus' base units where the unit is one, and the
// same manner of writing where it is not, as values are never converted. A unit that is not here adds nothing; it is in
// the label "unit" all the same. An entry never changes once released: it is part of the names in people's dashboards.
// Source: prometheus.io "Metric and label naming"; OpenMetrics 1.0, "Units and Base Units"; ucum.org (codes).
var suffixes = map[string]string{
	"s": "seconds", "ms": "milliseconds", "us": "microseconds", "min": "minutes", "h": "hours", "d": "days",
	"m": "meters", "mm": "millimeters", "cm": "centimeters", "km": "kilometers", "um": "micrometers",
	"m2": "square_meters", "m3": "cubic_meters", "l": "liters", "L": "liters", "ml": "milliliters", "mL": "milliliters",
	"m/s": "meters_per_second", "mm/s": "millimeters_per_second", "mm/min": "millimeters_per_minute", "m/min": "meters_per_minute",
	"m/s2": "meters_per_square_second", "km/h": "kilometers_per_hour",
	"m3/h": "cubic_meters_per_hour", "m3/s": "cubic_meters_per_second", "l/min": "liters_per_minute", "L/min": "liters_per_minute",
	"l/h": "liters_per_hour", "kg/h": "kilograms_per_hour", "t/h": "tonnes_per_hour",
	"g": "grams", "kg": "kilograms", "mg": "milligrams", "t": "tonnes", "mg/m3": "milligrams_per_cubic_meter", "ug/m3": "micrograms_per_cubic_meter",
	"kg/m3": "kilograms_per_cubic_meter", "t{CO2}": "tonnes",
	"Cel": "celsius", "K": "kelvins", "[degF]": "fahrenheit",
	"Pa": "pascals", "hPa": "hectopascals", "kPa": "kilopascals", "MPa": "megapascals", "bar": "bars", "mbar": "millibars",
	"V": "volts", "mV": "millivolts", "kV": "kilovolts", "A": "amperes", "mA": "milliamperes", "kA": "kiloamperes",
	"W": "watts", "kW": "kilowatts", "MW": "megawatts", "mW": "milliwatts",
	"V.A": "voltamperes", "kV.A": "kilovoltamperes", "V.A{reactive}": "vars", "kV.A{reactive}": "kilovars",
	"W.h": "watthours", "kW.h": "kilowatthours", "MW.h": "megawatthours", "J": "joules", "kJ": "kilojoules", "MJ": "megajoules", "GJ": "gigajoules",
	"V.A.h": "voltamperehours", "kV.A.h": "kilovoltamperehours", "V.A{reactive}.h": "varhours", "kV.A{reactive}.h": "kilovarhours",
	"A.h": "amperehours", "Ohm": "ohms", "kOhm": "kiloohms", "MOhm": "megaohms", "uF": "microfarads", "mH": "millihenries",
	"Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "/min": "per_minute", "1/min": "per_minute", "/s": "per_second", "1/s": "per_second",
	"{rev}/min": "revolutions_per_minute", "N": "newtons", "kN": "kilonewtons", "N.m": "newtonmeters", "deg": "degrees", "rad": "radians",
	"%": "percent", "[ppm]": "parts_per_million", "dB": "decibels", "lx": "lux", "lm": "lumens", "cd": "candelas",
	"By": "bytes", "kBy": "kilobytes", "MBy": "megabytes", "bit": "bits", "[pH]": "ph", "S/m": "siemens_per_meter", "uS/cm": "microsiemens_per_centimeter",
}
