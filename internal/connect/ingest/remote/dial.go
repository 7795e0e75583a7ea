package remote

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"jingwei/internal/connect/driver"
)

type transport int

const (
	overTCP transport = iota + 1
	overTLS
	overWS
	overWSS
)

var schemes = map[string]transport{"mqtt": overTCP, "tcp": overTCP, "mqtts": overTLS, "ssl": overTLS, "tls": overTLS, "ws": overWS, "wss": overWSS}

func (o *Options) dial(ctx context.Context, u *url.URL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	by, port := schemes[u.Scheme], u.Port()
	var c net.Conn
	var err error
	switch by {
	case overTCP:
		if port == "" {
			port = "1883"
		}
		c, err = new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	case overTLS:
		if port == "" {
			port = "8883"
		}
		c, err = (&tls.Dialer{Config: o.TLS}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	default:
		c, err = mqtt.NewWebsocket(u.String(), o.TLS, o.Timeout, nil, &mqtt.WebsocketOptions{})
	}
	if err != nil {
		return nil, err
	}
	return newGuard(c, o.MaxPacket, o.Timeout), nil
}

// guard bounds what one packet of the broker takes in memory: paho makes room for the length that is announced, up to
// 256 MB. A longer packet is cut to one byte above the limit, which no other packet has; the rest is read and dropped,
// so that the connection goes on. It also keeps a broker that takes nothing from blocking a write for ever.
type guard struct {
	net.Conn
	r       *bufio.Reader
	limit   int
	timeout time.Duration

	head       []byte // of the packet, to be given out
	pass, drop int    // bytes of the packet still to give out, then to drop
}

func newGuard(c net.Conn, limit int, timeout time.Duration) *guard {
	return &guard{Conn: c, r: bufio.NewReaderSize(c, 8<<10), limit: limit, timeout: timeout}
}

func (g *guard) Write(p []byte) (int, error) {
	g.Conn.SetWriteDeadline(time.Now().Add(g.timeout))
	return g.Conn.Write(p)
}

// SetWriteDeadline is paho's, which takes it away after each publish.
func (g *guard) SetWriteDeadline(time.Time) error { return nil }

func (g *guard) Read(p []byte) (int, error) {
	for {
		switch {
		case len(p) == 0:
			return 0, nil
		case len(g.head) > 0:
			n := copy(p, g.head)
			g.head = g.head[n:]
			return n, nil
		case g.pass > 0:
			n, err := g.r.Read(p[:min(len(p), g.pass)])
			g.pass -= n
			return n, err
		case g.drop > 0:
			n, err := g.r.Discard(min(g.drop, 32<<10))
			g.drop -= n
			if err != nil {
				return 0, err
			}
		default:
			if err := g.next(); err != nil {
				return 0, err
			}
		}
	}
}

func (g *guard) next() error {
	first, err := g.r.ReadByte()
	if err != nil {
		return err
	}
	length := 0
	for i := 0; ; i++ {
		b, err := g.r.ReadByte()
		if err != nil {
			return err
		}
		length |= int(b&127) << (7 * i)
		if b&128 == 0 {
			break
		}
		if i == 3 {
			return errors.New("a packet's length is not MQTT")
		}
	}
	g.pass = min(length, g.limit+1)
	g.drop = length - g.pass
	g.head = binary.AppendUvarint([]byte{first}, uint64(g.pass))
	return nil
}

// explain puts a failure into plain words.
func explain(err error) *driver.Fault {
	mk := func(code, zh, en string) *driver.Fault {
		return &driver.Fault{Code: code, Text: driver.Text{Zh: zh, En: en}, Err: err}
	}
	var cert *tls.CertificateVerificationError
	var filter *refusedFilter
	switch {
	case errors.As(err, &cert) && len(cert.UnverifiedCertificates) > 0:
		f := mk(driver.CodeUntrusted, "MQTT 服务器的证书不受信任：请核对指纹后批准，或填写其证书颁发机构",
			"the broker's certificate is not trusted: compare its fingerprint and approve it, or give its authority")
		leaf := cert.UnverifiedCertificates[0]
		sum := sha256.Sum256(leaf.Raw)
		f.Attr = map[string]string{driver.AttrFingerprint: hex.EncodeToString(sum[:]), driver.AttrSubject: leaf.Subject.String(),
			driver.AttrNotAfter: leaf.NotAfter.UTC().Format(time.RFC3339)}
		return f
	case errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword), errors.Is(err, packets.ErrorRefusedNotAuthorised):
		return mk(CodeCredentials, "MQTT 服务器拒绝登录：请检查用户名、密码或客户端证书", "the broker refuses the sign-in: check the user name, password or client certificate")
	case errors.Is(err, packets.ErrorRefusedServerUnavailable):
		return mk(CodeBusy, "MQTT 服务器暂不可用", "the broker is not available now")
	case errors.Is(err, packets.ErrorRefusedIDRejected):
		return mk(CodeClientID, "MQTT 服务器不接受该客户端标识：请更换", "the broker does not accept the client id: choose another")
	case errors.As(err, &filter):
		return mk(CodeSubscribe, fmt.Sprintf("MQTT 服务器不允许订阅 %s：请检查主题和该用户的权限", filter.filter),
			fmt.Sprintf("the broker does not allow the subscription %s: check the topic and this user's rights", filter.filter))
	}
	return driver.Explain(err)
}
