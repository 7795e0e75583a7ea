package ingest

import (
	"testing"

	"jingwei/internal/plant/ucum"
	"jingwei/internal/telemetry"
)

func TestUnitsAsDevicesWriteThem(t *testing.T) {
	for told, want := range map[string]string{
		"": "1", "Cel": "Cel", "°C": "Cel", "℃": "Cel", "C": "Cel", "F": "[degF]", "kWh": "kW.h", "MWh": "MW.h", "kW.h": "kW.h", "rpm": "{rev}/min", "RPM": "{rev}/min",
		"V": "V", "A": "A", "mA": "mA", "%": "%", "Hz": "Hz", "hPa": "hPa", "bar": "bar", "m³/h": "m3/h", "µg/m³": "ug/m3", "ppm": "[ppm]", "dBm": "1", "lux": "lx", "PCS": "1",
		"furlongs": "1", "mm/s": "mm/s", "kvarh": "kV.A.h", "Nm": "N.m", "nm": "nm", "MPa": "MPa", "mPa": "mPa", "kPa": "kPa", "N·m": "N.m", "m/s²": "m/s2", "°": "deg", "pH": "[pH]", "件": "1",
	} {
		if got := unitOf(told, telemetry.Float64); got != want {
			t.Errorf("%q is %q, want %q", told, got, want)
		}
	}
	if got := unitOf("V", telemetry.Bool); got != "" {
		t.Errorf("a bool has the unit %q", got)
	}
	for _, table := range []map[string]string{spellings, exact} {
		for told, code := range table {
			if _, err := ucum.Parse(code); err != nil && code != "dB[mW]" {
				t.Errorf("%q stands for %q, which is not UCUM: %v", told, code, err)
			}
		}
	}
}
