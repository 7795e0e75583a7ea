package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Sources are where values come from.
type Sources struct {
	Flags   *pflag.FlagSet // parsed; those of AddFlags that were given count. May be nil
	Environ []string       // os.Environ()
	File    string         // a file that must exist; when "" the file of JINGWEI_CONFIG, else none
	// Defaults replaces defaults of the table by key, for commands that need others (demo, edge).
	Defaults map[string]string
}

// Setting is one key's value and where it came from.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`  // secrets masked
	Source string `json:"source"` // "flag --http", "environment JINGWEI_HTTP_ADDRESS", "file /etc/jingwei.yaml:3", "default"
}

// Loaded is a configuration with its history.
type Loaded struct {
	Config
	File     string   // the configuration file; "" when there is none
	Warnings []string // variables that look like ours and are not
	settings []Setting
}

// Effective lists every key in the order of the table.
func (l *Loaded) Effective() []Setting { return slices.Clone(l.settings) }

// Error tells what is wrong with one key's value.
type Error struct {
	Key    string
	Value  string // masked where it is a secret
	Source string
	Err    error
}

func (e *Error) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("%s: %s: %s", e.Source, e.Key, e.Err)
	}
	return fmt.Sprintf("%s: %s %q: %s", e.Source, e.Key, e.Value, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

const configVariable = "JINGWEI_CONFIG"

// AddFlags declares the flags of the named keys, or of all keys when none is named.
func AddFlags(set *pflag.FlagSet, keys ...string) {
	for _, k := range Keys() {
		if k.Flag != "" && (len(keys) == 0 || slices.Contains(keys, k.Name)) {
			set.String(k.Flag, "", fmt.Sprintf("%s (%s; default %s)", k.Help.En, k.Env(), quoted(k.Default)))
		}
	}
}

func quoted(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// Load gathers and checks the configuration. All faults come at once, joined.
func Load(s Sources) (*Loaded, error) {
	return load(Keys(), s)
}

func load(keys []Key, s Sources) (*Loaded, error) {
	l := &Loaded{File: s.File}
	env := map[string]string{}
	for _, e := range s.Environ {
		if name, v, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, "JINGWEI_") {
			env[name] = v
		}
	}
	if l.File == "" {
		l.File = env[configVariable]
	}
	var faults []error
	var written map[string]entry
	if l.File != "" {
		data, err := os.ReadFile(l.File)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("configuration file %s does not exist; create it or leave --config and %s away", l.File, configVariable)
		} else if err != nil {
			return nil, fmt.Errorf("read the configuration file: %w", err)
		}
		if written, err = readFile(l.File, data, keys); err != nil {
			faults = append(faults, err)
		}
	}
	for i := range keys {
		if err := l.take(&keys[i], s, env, written); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) == 0 { // checks may look at other keys
		for i := range keys {
			k := &keys[i]
			if k.Check == nil {
				continue
			}
			if err := k.Check(&l.Config); err != nil {
				faults = append(faults, &Error{Key: k.Name, Value: l.settings[i].Value, Source: l.settings[i].Source, Err: err})
			}
		}
	}
	l.warn(keys, env)
	return l, errors.Join(faults...)
}

// take sets one key from the strongest source that has it.
func (l *Loaded) take(k *Key, s Sources, env map[string]string, written map[string]entry) error {
	value, source := k.Default, "default"
	if d, ok := s.Defaults[k.Name]; ok {
		value = d
	}
	if e, ok := written[k.Name]; ok {
		value, source = e.value, fmt.Sprintf("file %s:%d", l.File, e.line)
	}
	if v, ok := env[k.Env()]; ok {
		value, source = v, "environment "+k.Env()
	}
	if s.Flags != nil && k.Flag != "" {
		if f := s.Flags.Lookup(k.Flag); f != nil && f.Changed {
			value, source = f.Value.String(), "flag --"+k.Flag
		}
	}
	field := k.Field(&l.Config)
	err := set(field, value)
	shown := value
	if err == nil {
		shown = show(field)
	}
	if k.Mask != nil {
		shown = k.Mask(shown)
	}
	l.settings = append(l.settings, Setting{Key: k.Name, Value: shown, Source: source})
	if err != nil {
		return &Error{Key: k.Name, Value: shown, Source: source, Err: err}
	}
	return nil
}

func (l *Loaded) warn(keys []Key, env map[string]string) {
	known := map[string]bool{configVariable: true}
	var all []string
	for i := range keys {
		known[keys[i].Env()] = true
		all = append(all, keys[i].Env())
	}
	for name := range env {
		if known[name] || strings.HasPrefix(name, "JINGWEI_TEST_") {
			continue
		}
		w := fmt.Sprintf("environment %s belongs to no key and is ignored", name)
		if near := nearest(name, all); near != "" {
			w += "; did you mean " + near + "?"
		}
		l.Warnings = append(l.Warnings, w)
	}
	slices.Sort(l.Warnings)
}

// envName turns http.maxBytes into JINGWEI_HTTP_MAX_BYTES.
func envName(key string) string {
	var b strings.Builder
	b.WriteString("JINGWEI_")
	for _, r := range key {
		switch {
		case r == '.':
			b.WriteByte('_')
		case r >= 'A' && r <= 'Z':
			b.WriteByte('_')
			b.WriteRune(r)
		default:
			b.WriteString(strings.ToUpper(string(r)))
		}
	}
	return b.String()
}
