package ingest

import (
	"strings"

	"jingwei/internal/plant/ucum"
	"jingwei/internal/telemetry"
)

// spellings are units as devices and their makers write them, where that is not UCUM or means something else in UCUM
// ("F" would be farad). What stands in neither is dimensionless: a guess would put wrong units on figures.
var spellings = map[string]string{
	"°c": "Cel", "℃": "Cel", "degc": "Cel", "deg c": "Cel", "celsius": "Cel", "°f": "[degF]", "℉": "[degF]", "degf": "[degF]", "fahrenheit": "[degF]",
	"kwh": "kW.h", "wh": "W.h", "mwh": "MW.h", "kvah": "kV.A.h", "kva": "kV.A", "va": "V.A", "var": "V.A", "kvar": "kV.A", "kvarh": "kV.A.h", "varh": "V.A.h",
	"ah": "A.h", "mah": "mA.h", "rpm": "{rev}/min", "r/min": "{rev}/min", "1/min": "/min", "°": "deg", "ppm": "[ppm]", "ppb": "[ppb]", "ph": "[pH]",
	"m³": "m3", "m^3": "m3", "m³/h": "m3/h", "m^3/h": "m3/h", "nm³/h": "m3/h", "m²": "m2", "m^2": "m2", "m/s²": "m/s2", "m/s^2": "m/s2", "l/min": "L/min", "l/h": "L/h",
	"µg/m³": "ug/m3", "μg/m³": "ug/m3", "ug/m³": "ug/m3", "mg/m³": "mg/m3", "g/m³": "g/m3", "kg/m³": "kg/m3", "µs/cm": "uS/cm", "μs/cm": "uS/cm", "µs": "us", "μs": "us",
	"lux": "lx", "dbm": "dB[mW]", "db": "dB", "hpa": "hPa", "kpa": "kPa", "mpa": "MPa", "psi": "[psi]", "mbar": "mbar", "sec": "s", "secs": "s", "seconds": "s", "minutes": "min",
	"hours": "h", "hz": "Hz", "khz": "kHz", "volt": "V", "volts": "V", "amp": "A", "amps": "A", "watt": "W", "watts": "W", "percent": "%", "％": "%", "ω": "Ohm",
	"n·m": "N.m", "nm": "nm", "w/m²": "W/m2", "w/m^2": "W/m2", "mm/s²": "mm/s2", "k": "K", "pcs": "1", "个": "1", "件": "1", "次": "1",
}

// exact are spellings in which the case decides.
var exact = map[string]string{"pH": "[pH]", "PH": "[pH]", "F": "[degF]", "C": "Cel", "Nm": "N.m", "MPa": "MPa", "mPa": "mPa", "MWh": "MW.h", "mWh": "mW.h", "mW": "mW", "MW": "MW", "l": "L", "Nm³/h": "m3/h", "Nm3/h": "m3/h"}

// unitOf turns a unit as a source tells it into UCUM: "1" for a number whose unit is not known, "" for what has none.
func unitOf(told string, t telemetry.Type) string {
	if t != telemetry.Float64 && t != telemetry.Int64 {
		return ""
	}
	told = strings.TrimSpace(told)
	if told == "" || len(told) > 64 {
		return "1"
	}
	code, ok := exact[told]
	if !ok {
		if _, err := ucum.Parse(told); err == nil {
			return told
		}
		if code, ok = spellings[strings.ToLower(told)]; !ok {
			return "1"
		}
	}
	if _, err := ucum.Parse(code); err != nil {
		return "1"
	}
	return code
}
