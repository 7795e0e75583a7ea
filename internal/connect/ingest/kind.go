package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"jingwei/internal/connect/ingest/broker"
	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/connect/ingest/mqttjson"
	"jingwei/internal/connect/ingest/push"
	"jingwei/internal/connect/ingest/sparkplug"
	"jingwei/internal/kernel/text"
)

// kind is one way of sending. All there are stand in kindTable.
type kind struct {
	name       string
	text       text.Text
	transports []Transport
	schema     json.RawMessage // of the configuration, with titles in both languages
	presets    []Preset
	check      func(config json.RawMessage) error
	open       func(ctx context.Context, o opening) (*decoder, error)
}

// Preset is a configuration to begin with.
type Preset struct {
	ID     string          `json:"id"`
	Name   text.Text       `json:"name"`
	Config json.RawMessage `json:"config"`
}

// opening is what a decoder is built with.
type opening struct {
	config json.RawMessage // checked
	binder *inlet
	put    func(ctx context.Context, m *intake.Message, done func(error)) error
	send   func(topic string, payload []byte, qos byte, retained bool) error
	memory *memory
	remote bool // messages come from a broker of others
	now    func() time.Time
	log    *slog.Logger
}

// decoder is a source's at work: stream for the MQTT kinds, push for HTTP.
type decoder struct {
	stream stream
	host   *sparkplug.Host
	push   *push.Config
}

// stream takes the messages of one source. It is safe for concurrent use.
type stream interface {
	// Message takes a message, whose payload is valid during the call only; done runs exactly once.
	Message(ctx context.Context, m broker.Message, done func(error))
	// Filters are what to subscribe to at a broker of others.
	Filters() []string
	// MayPublish and MaySubscribe: device is the only one that the sender may speak for, "" for any.
	MayPublish(topic, device string) bool
	MaySubscribe(filter, device string) bool
	// Run keeps its time-outs until ctx ends.
	Run(ctx context.Context) error
}

func kindOf(name string) (*kind, bool) {
	i := slices.IndexFunc(kindTable, func(k *kind) bool { return k.name == name })
	if i < 0 {
		return nil, false
	}
	return kindTable[i], true
}

func (k *kind) ways() string {
	out := make([]string, len(k.transports))
	for i, t := range k.transports {
		out[i] = string(t)
	}
	return strings.Join(out, ", ")
}

// Kinds are the names of the kinds of sources.
func Kinds() []string {
	out := make([]string, len(kindTable))
	for i, k := range kindTable {
		out[i] = k.name
	}
	return out
}

// kindTable lists the kinds.
var kindTable = []*kind{mqttKind, sparkplugKind, pushKind}

var mqttKind = &kind{
	name: "mqtt", text: text.Text{Zh: "MQTT JSON", En: "MQTT JSON"}, transports: []Transport{Broker, Remote}, schema: mqttjson.Schema,
	presets: func() (out []Preset) {
		for _, p := range mqttjson.Presets() {
			out = append(out, Preset(p))
		}
		return out
	}(),
	check: func(config json.RawMessage) error {
		_, err := mqttjson.ParseConfig(config)
		return mqttField(err)
	},
	open: func(_ context.Context, o opening) (*decoder, error) {
		c, err := mqttjson.ParseConfig(o.config)
		if err != nil {
			return nil, mqttField(err)
		}
		d, err := mqttjson.New(mqttjson.Options{Binder: o.binder, Put: o.put, Send: o.send, Config: c, Remote: o.remote, Now: o.now, Logger: o.log})
		if err != nil {
			return nil, mqttField(err)
		}
		return &decoder{stream: d}, nil
	},
}

func mqttField(err error) error {
	if f := (*mqttjson.FieldError)(nil); errors.As(err, &f) {
		return &fieldError{f.Field, f.Value, f.Text}
	}
	return err
}

var pushKind = &kind{
	name: "push", text: text.Text{Zh: "HTTP 推送（JSON、Influx、Prometheus、OTLP）", En: "HTTP push (JSON, Influx, Prometheus, OTLP)"}, transports: []Transport{HTTP}, schema: push.Schema,
	presets: []Preset{{ID: "push", Name: text.Text{Zh: "HTTP 推送", En: "HTTP push"}, Config: json.RawMessage(`{}`)}},
	check: func(config json.RawMessage) error {
		_, err := push.ParseConfig(config)
		return pushField(err)
	},
	open: func(_ context.Context, o opening) (*decoder, error) {
		c, err := push.ParseConfig(o.config)
		if err != nil {
			return nil, pushField(err)
		}
		return &decoder{push: &c}, nil
	},
}

func pushField(err error) error {
	if f := (*push.FieldError)(nil); errors.As(err, &f) {
		return &fieldError{f.Field, f.Value, f.Text}
	}
	return err
}

var sparkplugKind = &kind{
	name: "sparkplug", text: text.Text{Zh: "Sparkplug B", En: "Sparkplug B"}, transports: []Transport{Broker, Remote}, schema: sparkplug.Schema,
	presets: []Preset{{ID: "sparkplug", Name: text.Text{Zh: "Sparkplug B 3.0", En: "Sparkplug B 3.0"}, Config: json.RawMessage(`{}`)}},
	check: func(config json.RawMessage) error {
		_, err := sparkplug.ParseConfig(config)
		return sparkplugField(err)
	},
	open: func(ctx context.Context, o opening) (*decoder, error) {
		c, err := sparkplug.ParseConfig(o.config)
		if err != nil {
			return nil, sparkplugField(err)
		}
		h, err := sparkplug.New(ctx, sparkplug.Options{Binder: o.binder, Put: o.put, Send: o.send, Config: c, Memory: o.memory, Now: o.now, Logger: o.log})
		if err != nil {
			return nil, err
		}
		return &decoder{stream: sparkplugStream{h}, host: h}, nil
	},
}

func sparkplugField(err error) error {
	if f := (*sparkplug.FieldError)(nil); errors.As(err, &f) {
		return &fieldError{f.Field, f.Value, f.Text}
	}
	return err
}

type sparkplugStream struct{ *sparkplug.Host }

func (s sparkplugStream) Message(ctx context.Context, m broker.Message, done func(error)) {
	s.Host.Message(ctx, sparkplug.Message(m), done)
}
