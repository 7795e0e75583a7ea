package driver

import (
	"encoding/json"
	"fmt"
	"time"

	"jingwei/internal/telemetry"
)

// Common are the fields that the configuration of every link may hold, whatever its driver. A driver embeds it in its
// own configuration, so that a strict decoder knows the fields; the supervisor reads them from the same document.
type Common struct {
	// Origin is "measured" (the default) or "replayed". A link that leads to a simulator says "replayed", and every
	// sample of it carries that origin to wherever it is shown.
	Origin string `json:"origin,omitempty"`
	// OpenTimeoutMs bounds dialling and greeting: 100..60,000, default 5,000.
	OpenTimeoutMs int `json:"openTimeoutMs,omitempty"`
	// SilenceMs is how long a call or a subscription may show no sign of life before its session is given up:
	// 1,000..3,600,000, default 30,000.
	SilenceMs int `json:"silenceMs,omitempty"`
	// DemoteAfter is how many timeouts in a row demote a unit: 1..100, default 3.
	DemoteAfter int `json:"demoteAfter,omitempty"`
}

// ParseCommon reads the common fields of a link's configuration and fills in the defaults. The error is a *FieldError.
func ParseCommon(link json.RawMessage) (Common, error) {
	var c Common
	if len(link) > 0 {
		if err := json.Unmarshal(link, &c); err != nil {
			return c, &FieldError{Field: "config", Value: clip(string(link)), Err: err,
				Text: Text{Zh: "连接配置不是有效的 JSON：" + err.Error(), En: "the link's configuration is not valid JSON: " + err.Error()}}
		}
	}
	return c.WithDefaults()
}

// WithDefaults returns c with every absent field filled in, or a *FieldError that names the field out of range.
func (c Common) WithDefaults() (Common, error) {
	switch c.Origin {
	case "":
		c.Origin = "measured"
	case "measured", "replayed":
	default:
		return c, &FieldError{Field: "origin", Value: c.Origin, Text: Text{
			Zh: "origin 只能是 measured（实测）或 replayed（回放）", En: "origin is measured or replayed"}}
	}
	for _, f := range []struct {
		name          string
		at            *int
		min, max, def int
	}{
		{"openTimeoutMs", &c.OpenTimeoutMs, 100, 60_000, 5_000},
		{"silenceMs", &c.SilenceMs, 1_000, 3_600_000, 30_000},
		{"demoteAfter", &c.DemoteAfter, 1, 100, 3},
	} {
		if err := Range(f.name, f.at, f.min, f.max, f.def); err != nil {
			return c, err
		}
	}
	return c, nil
}

// Range puts def where *at is 0 and returns a *FieldError where it is not within min..max.
func Range(field string, at *int, min, max, def int) error {
	if *at == 0 {
		*at = def
	}
	if *at < min || *at > max {
		return &FieldError{Field: field, Value: fmt.Sprint(*at), Text: Text{
			Zh: fmt.Sprintf("%s 应在 %d 到 %d 之间", field, min, max),
			En: fmt.Sprintf("%s must be within %d and %d", field, min, max)}}
	}
	return nil
}

// SampleOrigin is the origin that the link's samples carry.
func (c Common) SampleOrigin() telemetry.Origin {
	if c.Origin == "replayed" {
		return telemetry.Replayed
	}
	return telemetry.Measured
}

func (c Common) openTimeout() time.Duration { return time.Duration(c.OpenTimeoutMs) * time.Millisecond }
func (c Common) silence() time.Duration     { return time.Duration(c.SilenceMs) * time.Millisecond }

func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}
