package mqttjson

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"

	"jingwei/internal/kernel/text"
)

// Schema is the JSON Schema of Config, with titles and help in both languages.
//
//go:embed schema.json
var Schema []byte

// Config is what a source of kind mqtt is configured with beside its transport.
type Config struct {
	// Mappings are looked through in their order; the first whose topic fits takes the message.
	Mappings []Mapping `json:"mappings"`
	// Subscribe are filters, with {device} where the device's name stands, that devices may subscribe to although nothing
	// but replies is ever sent there: some do not work without.
	Subscribe []string `json:"subscribe,omitempty"`
	// MaxMetrics is how many values of one message are taken: default 500, at most 5,000.
	MaxMetrics int `json:"maxMetrics,omitempty"`
}

// Shape is how the values stand in a payload.
type Shape string

// Shapes.
const (
	Object  Shape = "object"  // a JSON object or array: all that is in it, or the values that are listed
	Value   Shape = "value"   // one value, JSON or plain text; the topic names the metric
	Members Shape = "members" // an object of metric: value, or metric: {"value": …, "time": …}
	Records Shape = "records" // an array of {"name": …, "value": …, "time": …}
	Alive   Shape = "alive"   // a word that says whether the device is there
	Ignore  Shape = "ignore"  // anything: it is acknowledged and not taken
)

// Mapping says how the messages of some topics are read.
type Mapping struct {
	// Topic is a template: levels are words, + (any level), {name} (any level, to be used in Device and Metric), and # at
	// the end. zigbee2mqtt/{device}
	Topic string `json:"topic"`
	Shape Shape  `json:"shape,omitempty"` // default object
	// Device is the device's name: a template of the topic's captures, default {device}. With DevicePath the payload
	// names the device, and {payload} stands for what it says.
	Device     string `json:"device,omitempty"`
	DevicePath string `json:"devicePath,omitempty"`
	// Metric is the metric's name of shape value: a template, default {metric}.
	Metric string `json:"metric,omitempty"`
	// Root is where in the payload the values stand, default $: $.params
	Root string `json:"root,omitempty"`
	// Prefix is put before the name of each metric.
	Prefix string `json:"prefix,omitempty"`
	// Values lists what is taken of shape object. Without a list, everything is taken.
	Values []Rule `json:"values,omitempty"`
	// All is a path, within Root, below which everything is taken beside the values that are listed. A nested member is
	// a.b, an element of an array a.0.
	All string `json:"all,omitempty"`
	// Exclude are names, or beginnings of names with a * at the end, that are left out where everything is taken.
	Exclude []string `json:"exclude,omitempty"`
	Time    *Time    `json:"time,omitempty"`
	Quality *Quality `json:"quality,omitempty"`
	Record  *Record  `json:"record,omitempty"` // of shapes members and records
	Online  []string `json:"online,omitempty"` // of shape alive: words, whatever their case; default online
	Offline []string `json:"offline,omitempty"`
	Reply   *Reply   `json:"reply,omitempty"`
}

// Rule is one value that is taken.
type Rule struct {
	Name   string  `json:"name"`
	Path   string  `json:"path"`           // within Root: $.a.b[0].c
	Type   string  `json:"type,omitempty"` // number, integer, boolean, text; default: as it comes
	Unit   string  `json:"unit,omitempty"` // UCUM
	Scale  float64 `json:"scale,omitempty"`
	Offset float64 `json:"offset,omitempty"`
}

// Time is where the device's own time stands. Without one the time of arrival is taken, and said to be that.
type Time struct {
	Path string `json:"path"`
	// Format is s, ms, us, ns, rfc3339 or auto (the default): RFC 3339, or a number whose size tells.
	Format string `json:"format,omitempty"`
	// Zone is the IANA zone of times without one, like Asia/Shanghai.
	Zone string `json:"zone,omitempty"`
}

// Quality is a member that tells whether the values are good.
type Quality struct {
	Path string   `json:"path"`
	Good []string `json:"good"` // all other values are bad; a missing one is good
}

// Record are the paths within one record, or one member.
type Record struct {
	Name  string `json:"name,omitempty"`  // default $.name
	Value string `json:"value,omitempty"` // default $.value
	Time  string `json:"time,omitempty"`  // default $.time; its format is Mapping.Time's
}

// Reply is what the device is answered when its message is durable.
type Reply struct {
	Topic string `json:"topic"` // template of the topic's captures
	Body  string `json:"body"`  // {id} stands for the payload's member id
}

// FieldError says which field of a configuration is wrong, what stands there, and how to mend it.
type FieldError struct {
	Field, Value string
	Text         text.Text
}

// Error gives the English text.
func (e *FieldError) Error() string { return fmt.Sprintf("%s %q: %s", e.Field, e.Value, e.Text.En) }

func wrong(field, value, zh, en string) error {
	return &FieldError{Field: field, Value: clip(value), Text: text.Text{Zh: zh, En: en}}
}

// Bounds of a configuration.
const (
	maxMappings = 100
	maxRules    = 500
	maxTopic    = 500
	maxName     = 200 // bytes of a device's or metric's name
)

// ParseConfig reads a configuration, strictly. The error is a *FieldError.
func ParseConfig(raw json.RawMessage) (Config, error) {
	var c Config
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, wrong("config", string(raw), "配置有误："+err.Error(), "the configuration is wrong: "+err.Error())
	}
	_, err := compile(c)
	return c, err
}
