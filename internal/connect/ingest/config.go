package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
)

// remoteConfig is the member "remote" of a source's configuration: the broker that is read.
type remoteConfig struct {
	URL         string `json:"url"` // mqtts://host:8883, mqtt://host:1883, wss://host/mqtt, ws://…
	Username    string `json:"username,omitempty"`
	Password    string `json:"password,omitempty"`
	ClientID    string `json:"clientId,omitempty"`    // default: made of the source's id
	CA          string `json:"ca,omitempty"`          // PEM; default: those of the system
	Fingerprint string `json:"fingerprint,omitempty"` // SHA-256 of the broker's certificate, hex: instead of an authority
	QoS         *byte  `json:"qos,omitempty"`         // 0 or 1, the default
}

// remoteSchema describes remoteConfig.
const remoteSchema = `{
  "type": "object", "additionalProperties": false, "required": ["url"],
  "title": "External broker", "x-title-zh": "外部 MQTT 服务器",
  "properties": {
    "url": {"type": "string", "format": "uri", "maxLength": 500, "title": "Address", "x-title-zh": "地址", "examples": ["mqtts://broker.example:8883"]},
    "username": {"type": "string", "maxLength": 200, "title": "User", "x-title-zh": "用户名"},
    "password": {"type": "string", "maxLength": 1000, "writeOnly": true, "title": "Password", "x-title-zh": "密码"},
    "clientId": {"type": "string", "maxLength": 100, "title": "Client id", "x-title-zh": "客户端标识"},
    "ca": {"type": "string", "maxLength": 32768, "title": "Certificate authority (PEM)", "x-title-zh": "证书颁发机构（PEM）"},
    "fingerprint": {"type": "string", "pattern": "^[0-9a-fA-F:]{64,95}$", "title": "SHA-256 of the broker's certificate", "x-title-zh": "服务器证书的 SHA-256 指纹"},
    "qos": {"type": "integer", "enum": [0, 1], "default": 1, "title": "QoS", "x-title-zh": "QoS"}
  }
}`

// fieldError says which field of a configuration is wrong, what stands there, and how to mend it.
type fieldError struct {
	field, value string
	text         text.Text
}

func (e *fieldError) Error() string { return fmt.Sprintf("%s %q: %s", e.field, e.value, e.text.En) }

func badField(field, value, zh, en string) error {
	return &fieldError{field, value, text.Text{Zh: zh, En: en}}
}

// configProblem puts what a configuration's reader found into the form that is answered.
func configProblem(err error) error {
	f := &fieldError{}
	if !errors.As(err, &f) {
		f = &fieldError{field: "config", text: text.Text{Zh: err.Error(), En: err.Error()}}
	}
	where := "body.config"
	if f.field != "config" {
		where += "." + f.field
	}
	return ErrConfig.At(where, f.value).With("field", f.field).With("reason", f.text)
}

// split takes a configuration apart into the member "remote" and the kind's own.
func split(config json.RawMessage) (own, remote json.RawMessage, err error) {
	members := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(config)) > 0 {
		if err := json.Unmarshal(config, &members); err != nil {
			return nil, nil, badField("config", cut(string(config), 100), "应为 JSON 对象", "must be a JSON object: "+err.Error())
		}
	}
	remote = members["remote"]
	delete(members, "remote")
	own, err = json.Marshal(members)
	return own, remote, err
}

// join is the opposite of split, in an order that does not change by itself.
func join(own, remote json.RawMessage) (json.RawMessage, error) {
	members := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(own))
	d.UseNumber()
	if err := d.Decode(&members); err != nil {
		return nil, err
	}
	if remote != nil {
		members["remote"] = remote
	}
	return json.Marshal(members)
}

// shown is a configuration as it is told: without the password.
func shown(config json.RawMessage) json.RawMessage {
	own, remote, err := split(config)
	if err != nil || remote == nil {
		return config
	}
	var c map[string]json.RawMessage
	if json.Unmarshal(remote, &c) != nil {
		return config
	}
	delete(c, "password")
	if remote, err = json.Marshal(c); err != nil {
		return json.RawMessage("{}")
	}
	if config, err = join(own, remote); err != nil {
		return json.RawMessage("{}")
	}
	return config
}

func parseRemote(raw json.RawMessage) (c remoteConfig, err error) {
	if raw == nil {
		return c, badField("remote", "", "缺少外部服务器的地址", "is missing; give the external broker's address in remote.url")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, badField("remote", "", "配置有误："+err.Error(), "is wrong: "+err.Error())
	}
	u, err := url.Parse(c.URL)
	schemes := []string{"mqtt", "tcp", "mqtts", "ssl", "tls", "ws", "wss"}
	switch {
	case err != nil || u.Host == "" || len(c.URL) > 500 || !slices.Contains(schemes, u.Scheme):
		return c, badField("remote.url", cut(c.URL, 100), "应为 mqtts://主机:8883、mqtt://主机:1883 或 wss://主机/路径", "must be mqtts://host:8883, mqtt://host:1883 or wss://host/path")
	case u.User != nil:
		return c, badField("remote.url", "", "请把用户名和密码填在 username 和 password 中", "holds a user; give it in username and password")
	case len(c.Username) > 200 || len(c.Password) > 1000 || len(c.ClientID) > 100 || len(c.CA) > 32<<10:
		return c, badField("remote", "", "用户名、密码、客户端标识或证书过长", "user, password, client id or authority is too long")
	case c.QoS != nil && *c.QoS > 1:
		return c, badField("remote.qos", fmt.Sprint(*c.QoS), "应为 0 或 1", "must be 0 or 1")
	}
	_, err = c.tls()
	return c, err
}

// tls is how the broker's certificate is checked; nil for addresses without TLS.
func (c *remoteConfig) tls() (*tls.Config, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, err
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname()}
	if c.CA != "" {
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM([]byte(c.CA)) {
			return nil, badField("remote.ca", "", "其中没有 PEM 格式的证书", "holds no certificate in PEM")
		}
	}
	if c.Fingerprint != "" {
		want, err := hex.DecodeString(strings.ReplaceAll(strings.TrimPrefix(c.Fingerprint, "sha256:"), ":", ""))
		if err != nil || len(want) != sha256.Size {
			return nil, badField("remote.fingerprint", c.Fingerprint, "应为 64 位十六进制的 SHA-256", "must be a SHA-256 in 64 hex digits")
		}
		out.InsecureSkipVerify = true // by an authority; VerifyConnection compares the certificate itself
		out.VerifyConnection = func(s tls.ConnectionState) error {
			has := sha256.Sum256(s.PeerCertificates[0].Raw)
			if subtle.ConstantTimeCompare(has[:], want) != 1 {
				return fmt.Errorf("the broker's certificate is not the one that was approved: it has the fingerprint %x", has)
			}
			return nil
		}
	}
	if !slices.Contains([]string{"mqtts", "ssl", "tls", "wss"}, u.Scheme) {
		return nil, nil
	}
	return out, nil
}

// check looks at a source as somebody wants it and returns its configuration in the form in which it is kept. before is
// the configuration that stands: a password that is left out is taken from it, while the broker is the same.
func (s *Service) check(ctx context.Context, scope auth.Scope, src *Source, before json.RawMessage) (json.RawMessage, error) {
	if err := src.Name.Check(maxName); err != nil {
		return nil, ErrName.At("body.name", src.Name.In("en")).With("reason", err.Error()).With("limit", maxName)
	}
	k, ok := kindOf(src.Kind)
	if !ok {
		return nil, ErrKind.At("body.kind", src.Kind).With("kinds", strings.Join(Kinds(), ", "))
	}
	if !slices.Contains(k.transports, src.Transport) {
		return nil, ErrTransport.At("body.transport", string(src.Transport)).With("kind", src.Kind).With("transports", k.ways())
	}
	if originName(src.Origin) == "" {
		return nil, ErrOrigin.At("body.origin", fmt.Sprint(src.Origin))
	}
	if src.Adopt != uuid.Nil {
		holds, err := s.o.Plant.Holds(ctx, scope, src.Adopt)
		if err != nil {
			return nil, err
		}
		if !holds {
			return nil, ErrAdopt.At("body.adopt.parent", src.Adopt.String())
		}
	}
	if len(src.Config) > maxConfig {
		return nil, configProblem(badField("config", "", fmt.Sprintf("最多 %d 字节", maxConfig), fmt.Sprintf("at most %d bytes are allowed", maxConfig)))
	}
	own, remote, err := split(src.Config)
	if err != nil {
		return nil, configProblem(err)
	}
	if err := k.check(own); err != nil {
		return nil, configProblem(err)
	}
	if src.Transport != Remote {
		if remote != nil {
			return nil, configProblem(badField("remote", "", "只有 transport 为 remote 的接入源才读取外部服务器", "only a source with transport remote reads another broker"))
		}
		return join(own, nil)
	}
	c, err := parseRemote(remote)
	if err != nil {
		return nil, configProblem(err)
	}
	if _, old, err := split(before); err == nil && old != nil && c.Password == "" {
		// The password goes to the broker that it was given for, and to no other.
		if was, err := parseRemote(old); err == nil && was.URL == c.URL && was.Username == c.Username {
			c.Password = was.Password
		}
	}
	if remote, err = json.Marshal(c); err != nil {
		return nil, err
	}
	return join(own, remote)
}
