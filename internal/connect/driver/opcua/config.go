package opcua

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver"
)

// schema is the JSON Schema of Config, with titles and help in both languages.
//
//go:embed schema.json
var schema []byte

// Config is the configuration of a link: one server.
type Config struct {
	driver.Common

	Endpoint string `json:"endpoint"`           // opc.tcp://host:port/path; the port defaults to 4840
	Security string `json:"security,omitempty"` // auto (the best that the server has), none, or a policy's name
	Mode     string `json:"mode,omitempty"`     // auto, sign, signAndEncrypt
	// ServerFingerprint is the SHA-256 of the server's certificate as a person approved it. Without it nothing is signed,
	// encrypted or signed in to.
	ServerFingerprint string `json:"serverFingerprint,omitempty"`

	SignIn        string `json:"signIn,omitempty"` // anonymous, password, certificate
	User          string `json:"user,omitempty"`
	Password      string `json:"password,omitempty"`
	PlainPassword bool   `json:"plainPassword,omitempty"` // may go over the line unprotected, where the server wants it so
	Certificate   string `json:"certificate,omitempty"`   // PEM, of the user; default: the gateway's own
	Key           string `json:"key,omitempty"`           // PEM

	Collect      string `json:"collect,omitempty"`      // subscribe, poll
	PublishingMs int    `json:"publishingMs,omitempty"` // 50..60,000, default 500
	QueueSize    int    `json:"queueSize,omitempty"`    // samples that the server keeps of a point between two publishings; 0: as many as there are
	// DiscardOldest false lets a full queue refuse what is new instead of dropping what is old. Default true.
	DiscardOldest *bool `json:"discardOldest,omitempty"`

	MaxNodesPerRead   int `json:"maxNodesPerRead,omitempty"`   // 1..10,000; default: what the server says, else 100
	MaxItemsPerCall   int `json:"maxItemsPerCall,omitempty"`   // of CreateMonitoredItems; the same
	MaxNodesPerBrowse int `json:"maxNodesPerBrowse,omitempty"` // the same

	RequestTimeoutMs int `json:"requestTimeoutMs,omitempty"` // 100..60,000, default 5,000
	PingMs           int `json:"pingMs,omitempty"`           // 500..60,000, default 2,000

	url         *url.URL
	address     string // host:port to dial
	fingerprint string // hex
}

// DefaultPort of OPC UA over TCP.
const DefaultPort = "4840"

// policies are those that a link may name, weakest first; auto takes those that are not deprecated.
var policies = []struct {
	name       string
	uri        string
	deprecated bool
}{
	{"Basic128Rsa15", ua.SecurityPolicyURIBasic128Rsa15, true},
	{"Basic256", ua.SecurityPolicyURIBasic256, true},
	{"Basic256Sha256", ua.SecurityPolicyURIBasic256Sha256, false},
	{"Aes128_Sha256_RsaOaep", ua.SecurityPolicyURIAes128Sha256RsaOaep, false},
	{"Aes256_Sha256_RsaPss", ua.SecurityPolicyURIAes256Sha256RsaPss, false},
}

// PolicyName is the short name of a security policy's URI.
func PolicyName(uri string) string {
	_, name, ok := strings.Cut(uri, "#")
	if !ok {
		return uri
	}
	return name
}

// ParseConfig reads a link's configuration, strictly, and fills in the defaults. The error is a *driver.FieldError.
func ParseConfig(link json.RawMessage) (Config, error) {
	var c Config
	d := json.NewDecoder(bytes.NewReader(link))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		// The document may hold a password: it is not quoted.
		return c, &driver.FieldError{Field: "config", Err: err, Text: driver.Text{
			Zh: "连接配置有误：" + err.Error(), En: "the link's configuration is wrong: " + err.Error()}}
	}
	return c.withDefaults()
}

func fieldError(field, value, zh, en string) error {
	return &driver.FieldError{Field: field, Value: value, Text: driver.Text{Zh: zh, En: en}}
}

func (c Config) withDefaults() (Config, error) {
	var err error
	if c.Common, err = c.Common.WithDefaults(); err != nil {
		return c, err
	}
	if err := c.parseEndpoint(); err != nil {
		return c, err
	}
	for _, f := range []struct {
		name string
		at   *string
		of   []string // the first is the default
	}{
		{"security", &c.Security, []string{"auto", "none", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss", "Basic256", "Basic128Rsa15"}},
		{"mode", &c.Mode, []string{"auto", "sign", "signAndEncrypt"}},
		{"signIn", &c.SignIn, []string{"anonymous", "password", "certificate"}},
		{"collect", &c.Collect, []string{"subscribe", "poll"}},
	} {
		if *f.at == "" {
			*f.at = f.of[0]
		}
		if !slices.Contains(f.of, *f.at) {
			all := strings.Join(f.of, ", ")
			return c, fieldError(f.name, *f.at, "可选："+all, "choose one of "+all)
		}
	}
	if err := c.parseSignIn(); err != nil {
		return c, err
	}
	if c.fingerprint, err = parseFingerprint(c.ServerFingerprint); err != nil {
		return c, err
	}
	if c.DiscardOldest == nil {
		yes := true
		c.DiscardOldest = &yes
	}
	for _, f := range []struct {
		name          string
		at            *int
		min, max, def int
	}{
		{"publishingMs", &c.PublishingMs, 50, 60_000, 500},
		{"queueSize", &c.QueueSize, 0, 10_000, 0},
		{"maxNodesPerRead", &c.MaxNodesPerRead, 0, 10_000, 0},
		{"maxItemsPerCall", &c.MaxItemsPerCall, 0, 10_000, 0},
		{"maxNodesPerBrowse", &c.MaxNodesPerBrowse, 0, 10_000, 0},
		{"requestTimeoutMs", &c.RequestTimeoutMs, 100, 60_000, 5_000},
		{"pingMs", &c.PingMs, 500, 60_000, 2_000},
	} {
		if err := driver.Range(f.name, f.at, f.min, f.max, f.def); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c *Config) parseEndpoint() error {
	bad := fieldError("endpoint", c.Endpoint, "请写服务器地址，例如 opc.tcp://192.168.1.20:4840 或 opc.tcp://plc.example:4840/UA/Server",
		"give the server's address, like opc.tcp://192.168.1.20:4840 or opc.tcp://plc.example:4840/UA/Server")
	text := strings.TrimSpace(c.Endpoint)
	if text != "" && !strings.Contains(text, "://") {
		text = "opc.tcp://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "opc.tcp" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Contains(u.Hostname(), " ") {
		return bad
	}
	port := u.Port()
	if port == "" {
		port = DefaultPort
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return bad
	}
	c.address = net.JoinHostPort(u.Hostname(), port)
	u.Host = c.address
	c.url, c.Endpoint = u, u.String()
	return nil
}

func (c *Config) parseSignIn() error {
	switch {
	case c.SignIn == "password" && c.User == "":
		return fieldError("user", "", "用口令登录时请填写用户名", "to sign in with a password, give the user's name")
	case c.SignIn != "password" && (c.User != "" || c.Password != ""):
		return fieldError("signIn", c.SignIn, "填写了用户名或口令：请把 signIn 设为 password，或去掉它们", "a user or a password is given: set signIn to password, or leave them out")
	case c.SignIn != "certificate" && (c.Certificate != "" || c.Key != ""):
		return fieldError("signIn", c.SignIn, "填写了用户证书：请把 signIn 设为 certificate，或去掉它", "a user's certificate is given: set signIn to certificate, or leave it out")
	case (c.Certificate == "") != (c.Key == ""):
		return fieldError("key", "", "用户证书和私钥须同时填写（PEM），或都不填（使用网关自己的证书）", "give the user's certificate and its key, both in PEM, or neither (the gateway's own certificate is used)")
	case c.Security == "none" && c.Mode != "auto":
		return fieldError("mode", c.Mode, "security 为 none 时没有签名和加密方式可选", "security none leaves nothing to sign or encrypt")
	}
	if c.Certificate != "" {
		if _, err := parsePair([]byte(c.Certificate), []byte(c.Key)); err != nil {
			return &driver.FieldError{Field: "certificate", Err: err, Text: driver.Text{
				Zh: "用户证书或私钥无法读取，须为 PEM 格式的 RSA 证书和私钥：" + err.Error(),
				En: "the user's certificate or key cannot be read; both are PEM, of an RSA key: " + err.Error()}}
		}
	}
	return nil
}

// parseFingerprint takes hexadecimal digits with or without colons or blanks between them.
func parseFingerprint(s string) (string, error) {
	h := strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(s))
	if raw, err := hex.DecodeString(h); err != nil || h != "" && len(raw) != 32 {
		return "", fieldError("serverFingerprint", s, "应为服务器证书的 SHA-256 指纹：64 位十六进制数", "is the SHA-256 fingerprint of the server's certificate: 64 hexadecimal digits")
	}
	return h, nil
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func (c *Config) requestTimeout() time.Duration { return ms(c.RequestTimeoutMs) }
