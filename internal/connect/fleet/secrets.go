package fleet

import (
	"encoding/json"
	"fmt"

	"jingwei/internal/connect/driver"
)

// Masked stands where a secret of a link's configuration is. Sent back, it means "as it was".
const Masked = "********"

// secrets are the members of a driver's configuration that are never told again.
func (s *Service) secrets(driverName string) []string {
	if d, ok := s.o.Drivers[driverName].(driver.Secretive); ok {
		return d.Secrets()
	}
	return nil
}

// masked is a link's configuration as it may be told.
func (s *Service) masked(driverName string, config json.RawMessage) json.RawMessage {
	names := s.secrets(driverName)
	members := map[string]json.RawMessage{}
	if len(names) == 0 {
		return config
	}
	if json.Unmarshal(config, &members) != nil {
		return json.RawMessage(`{}`)
	}
	for _, name := range names {
		if !absent(members[name]) {
			members[name] = json.RawMessage(`"` + Masked + `"`)
		}
	}
	out, err := json.Marshal(members)
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return out
}

// absent: a secret that is not given, or given as Masked, stays as it was. The empty string takes it away.
func absent(v json.RawMessage) bool {
	var word string
	return len(v) == 0 || string(v) == "null" || json.Unmarshal(v, &word) == nil && word == Masked
}

// withSecrets fills into a new configuration the secrets that it leaves as they were. Where the link is to lead
// elsewhere they have to be given again: nobody may learn a password by sending it to a place of their own.
func (s *Service) withSecrets(driverName string, before, after json.RawMessage) (json.RawMessage, error) {
	names := s.secrets(driverName)
	if len(names) == 0 {
		return after, nil
	}
	was, is := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if json.Unmarshal(after, &is) != nil {
		return after, nil // the driver says what is wrong with it
	}
	if len(before) > 0 {
		if err := json.Unmarshal(before, &was); err != nil {
			return nil, fmt.Errorf("read the link's configuration: %w", err)
		}
	}
	moved := len(before) > 0 && s.endpoint(&Link{Driver: driverName, Config: before}) != s.endpoint(&Link{Driver: driverName, Config: after})
	for _, name := range names {
		if !absent(is[name]) {
			if string(is[name]) == `""` {
				delete(is, name)
			}
			continue
		}
		delete(is, name)
		if old, ok := was[name]; ok {
			if moved {
				return nil, ErrSecretAgain.At("body.config."+name, nil).With("field", name)
			}
			is[name] = old
		}
	}
	out, err := json.Marshal(is)
	if err != nil {
		return nil, fmt.Errorf("encode the link's configuration: %w", err)
	}
	return out, nil
}
