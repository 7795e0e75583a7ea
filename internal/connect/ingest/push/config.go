package push

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"jingwei/internal/connect/ingest/push/influx"
	"jingwei/internal/connect/ingest/push/jsonpush"
	"jingwei/internal/connect/ingest/push/otlp"
	"jingwei/internal/connect/ingest/push/remotewrite"
	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/kernel/text"
)

// Schema is the JSON Schema of Config, with titles and help in both languages.
//
//go:embed schema.json
var Schema []byte

// Config is what a source of kind push is configured with. The zero value holds the defaults.
type Config struct {
	// InfluxDevice are the tags that name the device, the first that a line has: default device, host. Without any of them
	// the measurement is the device.
	InfluxDevice []string `json:"influxDevice,omitempty"`
	// PrometheusDevice are the labels that name the device: default instance.
	PrometheusDevice []string `json:"prometheusDevice,omitempty"`
	// OTLPDevice are the resource attributes that name the device: default service.instance.id, host.name, service.name.
	OTLPDevice []string `json:"otlpDevice,omitempty"`
	// OTLPScope makes the instrumentation scope's name a part of the metric, as {otel_scope_name=…}.
	OTLPScope bool `json:"otlpScope,omitempty"`
	// Omit are tags, labels and attributes that are left out of metrics' names. Series that differ in nothing else then
	// become one.
	Omit []string `json:"omit,omitempty"`
	// Earliest is the first day of which values are taken, 2006-01-02 in UTC: default 2000-01-01. An older time is nearly
	// always one in another precision than the request says.
	Earliest string `json:"earliest,omitempty"`
}

// Bounds of a configuration.
const (
	maxKeys = 20
	maxKey  = 200 // bytes
	day     = "2006-01-02"
)

// FieldError says which field of a configuration is wrong, what stands there, and how to mend it.
type FieldError struct {
	Field, Value string
	Text         text.Text
}

// Error gives the English text.
func (e *FieldError) Error() string { return fmt.Sprintf("%s %q: %s", e.Field, e.Value, e.Text.En) }

// ParseConfig reads a configuration, strictly. The error is a *FieldError.
func ParseConfig(raw json.RawMessage) (Config, error) {
	var c Config
	if len(bytes.TrimSpace(raw)) > 0 {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			return c, &FieldError{"config", rows.Clip(string(raw)), text.Text{Zh: "配置有误：" + err.Error(), En: "the configuration is wrong: " + err.Error()}}
		}
	}
	for _, l := range []struct {
		field string
		keys  []string
	}{{"influxDevice", c.InfluxDevice}, {"prometheusDevice", c.PrometheusDevice}, {"otlpDevice", c.OTLPDevice}, {"omit", c.Omit}} {
		if len(l.keys) > maxKeys {
			return c, &FieldError{l.field, fmt.Sprint(len(l.keys)), text.Text{Zh: "最多 20 个", En: "at most 20"}}
		}
		for _, k := range l.keys {
			if k == "" || len(k) > maxKey || !utf8.ValidString(k) {
				return c, &FieldError{l.field, rows.Clip(k), text.Text{Zh: "名称应为 1 到 200 字节", En: "a name has 1 to 200 bytes"}}
			}
		}
	}
	if c.Earliest != "" {
		if t, err := time.Parse(day, c.Earliest); err != nil || t.Year() < 1970 || t.Year() > 2199 {
			return c, &FieldError{"earliest", c.Earliest, text.Text{Zh: "应为 1970-01-01 之后的日期，例如 2000-01-01", En: "must be a day since 1970-01-01, such as 2000-01-01"}}
		}
	}
	return c, nil
}

// plan is a configuration made ready.
type plan struct {
	c        Config
	omit     map[string]bool
	earliest int64 // ns
}

func newPlan(c Config) *plan {
	if len(c.InfluxDevice) == 0 {
		c.InfluxDevice = []string{"device", "host"}
	}
	if len(c.PrometheusDevice) == 0 {
		c.PrometheusDevice = []string{"instance"}
	}
	if len(c.OTLPDevice) == 0 {
		c.OTLPDevice = []string{"service.instance.id", "host.name", "service.name"}
	}
	if c.Earliest == "" {
		c.Earliest = "2000-01-01"
	}
	p := &plan{c: c, omit: map[string]bool{}}
	for _, k := range c.Omit {
		p.omit[k] = true
	}
	if t, err := time.Parse(day, c.Earliest); err == nil {
		p.earliest = max(t.UnixNano(), 1)
	}
	return p
}

// keyOf tells configurations apart.
func keyOf(c *Config) string {
	var b strings.Builder
	for _, l := range [][]string{c.InfluxDevice, c.PrometheusDevice, c.OTLPDevice, c.Omit} {
		for _, k := range l {
			b.WriteString(k)
			b.WriteByte(0)
		}
		b.WriteByte(1)
	}
	b.WriteString(c.Earliest)
	if c.OTLPScope {
		b.WriteByte(2)
	}
	return b.String()
}

// naming of a format, and the names under which it looks for a device.
func (p *plan) naming(f *format) (rows.Naming, []string) {
	switch f.name {
	case "influx":
		return influx.Naming{Keys: p.c.InfluxDevice, Omit: p.omit}, p.c.InfluxDevice
	case "prometheus":
		return remotewrite.Naming{Keys: p.c.PrometheusDevice, Omit: p.omit}, p.c.PrometheusDevice
	case "otlp":
		return otlp.Naming{Omit: p.omit}, p.c.OTLPDevice
	}
	return jsonpush.Naming{}, []string{"device"}
}
