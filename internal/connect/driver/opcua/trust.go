package opcua

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/opcua/channel"
)

// Codes of faults that only this driver tells.
const (
	CodeUntrusted  = "certificate.untrusted" // the server's certificate has to be approved; Attr says which
	CodeChanged    = "certificate.changed"   // it is not the one that was approved; Attr says which
	CodeRejected   = "certificate.rejected"  // the server does not trust the gateway's; Attr has its fingerprint
	CodeSignIn     = "signin.refused"        // user, password or user certificate are wrong
	CodePlain      = "signin.plain"          // the password would be readable on the line
	CodeNoPolicy   = "security.none"         // the server does not offer what the link asks for
	CodeDowngraded = "security.downgraded"   // somebody between took the better endpoints out of the server's list
	CodeSessions   = "sessions.full"         // the server has no session to give
	CodeNoSubs     = "subscription.unsupported"
	CodeSubLost    = "subscription.lost"
	CodeNamespaces = "namespaces.changed"
	CodeService    = "service" // a service of the server failed
)

func rank(uri string) int {
	for i, p := range policies {
		if p.uri == uri {
			return i + 1
		}
	}
	return 0
}

// strength orders endpoints: encrypting before signing, then by policy. 0: not one that this link may use.
func (c *Config) strength(e *ua.EndpointDescription) int {
	r := rank(e.SecurityPolicyURI)
	if e.TransportProfileURI != "" && e.TransportProfileURI != "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary" {
		return 0
	}
	if c.Security == "none" {
		if e.SecurityPolicyURI == ua.SecurityPolicyURINone && e.SecurityMode == ua.MessageSecurityModeNone {
			return 1
		}
		return 0
	}
	named := c.Security == "auto" && r > 0 && !policies[r-1].deprecated || c.Security == PolicyName(e.SecurityPolicyURI)
	switch {
	case r == 0 || !named:
		return 0
	case e.SecurityMode == ua.MessageSecurityModeSignAndEncrypt && c.Mode != "sign":
		return 100 + r
	case e.SecurityMode == ua.MessageSecurityModeSign && c.Mode != "signAndEncrypt":
		return r
	}
	return 0
}

func (c *Config) best(list []*ua.EndpointDescription) (best *ua.EndpointDescription, strength int) {
	for _, e := range list {
		if e == nil {
			continue
		}
		if s := c.strength(e); s > strength {
			best, strength = e, s
		}
	}
	return best, strength
}

// choose picks the best endpoint that the link allows.
func (c *Config) choose(list []*ua.EndpointDescription) (*ua.EndpointDescription, error) {
	best, _ := c.best(list)
	if best != nil {
		return best, nil
	}
	offers := ""
	for _, e := range list {
		if e != nil {
			offers += fmt.Sprintf(" %s/%s", PolicyName(e.SecurityPolicyURI), modeName(e.SecurityMode))
		}
	}
	if offers == "" {
		offers = " -"
	}
	return nil, &driver.Fault{Code: CodeNoPolicy, Text: driver.Text{
		Zh: fmt.Sprintf("服务器不提供所要求的安全策略（security=%s，mode=%s）；它提供：%s。请在服务器上启用更安全的策略；只有在隔离的网络里才把 security 设为 none", c.Security, c.Mode, offers),
		En: fmt.Sprintf("the server does not offer the security asked for (security=%s, mode=%s); it offers:%s. Enable a better policy at the server; choose security none only in a network of its own", c.Security, c.Mode, offers)}}
}

func modeName(m ua.MessageSecurityMode) string {
	switch m {
	case ua.MessageSecurityModeSign:
		return "Sign"
	case ua.MessageSecurityModeSignAndEncrypt:
		return "SignAndEncrypt"
	}
	return "None"
}

// trust tells whether the server's certificate is the one that a person approved. The error is a *driver.Fault that
// shows the certificate.
func (c *Config) trust(chain []byte, now time.Time) error {
	leaf, _, err := channel.Leaf(chain)
	if err != nil {
		return &driver.Fault{Code: CodeNoPolicy, Err: err, Text: driver.Text{
			Zh: "服务器没有可用的证书，无法建立受保护的连接", En: "the server has no certificate of use, so nothing can be protected"}}
	}
	got := Fingerprint(leaf.Raw)
	if got == c.fingerprint {
		return nil
	}
	f := &driver.Fault{Code: CodeUntrusted, Attr: certificateAttr(leaf, got), Text: driver.Text{
		Zh: "服务器证书尚未批准：请与服务器上显示的指纹核对后批准", En: "the server's certificate has not been approved: compare its fingerprint with what the server shows, then approve it"}}
	if c.fingerprint != "" {
		f.Code = CodeChanged
		f.Attr["approved"] = c.fingerprint
		f.Text = driver.Text{Zh: "服务器出示的证书与已批准的不同：若服务器更换过证书，请核对后重新批准；否则可能有人冒充服务器",
			En: "the server shows another certificate than the approved one: if the server got a new one, compare and approve it; else somebody may be posing as the server"}
	}
	if advice := c.advice(leaf, now); advice != "" {
		f.Attr["advice"] = advice
	}
	return f
}

func certificateAttr(c *x509.Certificate, fingerprint string) map[string]string {
	return map[string]string{"fingerprint": fingerprint, "subject": c.Subject.String(), "issuer": c.Issuer.String(),
		"notBefore": c.NotBefore.UTC().Format(time.RFC3339), "notAfter": c.NotAfter.UTC().Format(time.RFC3339)}
}

// advice is what is odd about a certificate: a person decides. Plants run servers with expired certificates and with
// host names of long ago; the fingerprint is what they are known by.
func (c *Config) advice(leaf *x509.Certificate, now time.Time) string {
	var out string
	add := func(s string) {
		if out != "" {
			out += ", "
		}
		out += s
	}
	if now.Before(leaf.NotBefore) {
		add("notYetValid")
	}
	if now.After(leaf.NotAfter) {
		add("expired")
	}
	host := c.url.Hostname()
	known := leaf.VerifyHostname(host) == nil
	if ip := net.ParseIP(host); ip != nil {
		known = false
		for _, a := range leaf.IPAddresses {
			known = known || a.Equal(ip)
		}
	}
	if !known {
		add("otherHost")
	}
	return out
}

// endpointURL is what the server calls the endpoint, at the host and port that the link names: servers know themselves
// by names that do not resolve here.
func (c *Config) endpointURL(e *ua.EndpointDescription) string {
	u, err := url.Parse(e.EndpointURL)
	if err != nil || u.Scheme != "opc.tcp" {
		return c.Endpoint
	}
	u.Host = c.address
	return u.String()
}

// explain puts what a server or the channel says into plain words; nil stays nil.
func explain(err error, id *Identity) error {
	var fault *driver.Fault
	var field *driver.FieldError
	var remote *channel.RemoteError
	var service *channel.ServiceError
	var status ua.StatusCode
	if err == nil || errors.As(err, &fault) || errors.As(err, &field) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	mk := func(code, zh, en string) error {
		return &driver.Fault{Code: code, Err: err, Text: driver.Text{Zh: zh, En: en}}
	}
	if !errors.As(err, &status) {
		if errors.Is(err, channel.ErrProtocol) {
			return mk(driver.CodeProtocol, "对方发来的不是 OPC UA 报文，或违反了协议：请检查地址和端口",
				"what came is not OPC UA, or breaks its rules: check the address and the port")
		}
		return err
	}
	name := StatusName(status)
	switch status {
	case ua.StatusBadSecurityChecksFailed, ua.StatusBadCertificateUntrusted, ua.StatusBadCertificateInvalid, ua.StatusBadCertificateURIInvalid,
		ua.StatusBadCertificateUseNotAllowed, ua.StatusBadCertificateChainIncomplete, ua.StatusBadCertificateRevoked, ua.StatusBadCertificateTimeInvalid,
		ua.StatusBadCertificateIssuerTimeInvalid, ua.StatusBadCertificateHostNameInvalid, ua.StatusBadCertificatePolicyCheckFailed:
		if !errors.As(err, &remote) && !errors.As(err, &service) {
			return mk(driver.CodeProtocol, "安全校验失败（"+name+"）：报文的签名或证书不对", "a security check failed ("+name+"): a signature or a certificate is wrong")
		}
		f := &driver.Fault{Code: CodeRejected, Err: err, Text: driver.Text{
			Zh: "服务器不信任网关的证书（" + name + "）：请在服务器上把网关证书移入受信任列表（通常在 rejected 文件夹或管理界面里）",
			En: "the server does not trust the gateway's certificate (" + name + "): move it to the trusted ones at the server (it lies in a folder named rejected, or in its administration)"}}
		if id != nil {
			f.Attr = map[string]string{"own": id.Fingerprint()}
		}
		return f
	case ua.StatusBadUserAccessDenied, ua.StatusBadIdentityTokenInvalid, ua.StatusBadIdentityTokenRejected, ua.StatusBadUserSignatureInvalid:
		return mk(CodeSignIn, "服务器拒绝登录（"+name+"）：请检查登录方式、用户名和口令或用户证书", "the server refuses the sign-in ("+name+"): check its way, the user and the password, or the user's certificate")
	case ua.StatusBadTooManySessions, ua.StatusBadMaxConnectionsReached, ua.StatusBadTCPNotEnoughResources:
		return mk(CodeSessions, "服务器没有空闲的会话（"+name+"）：请关闭其他客户端，或提高服务器的会话上限", "the server has no session to give ("+name+"): close other clients, or raise its limit")
	}
	return mk(CodeService, "服务器应答错误："+name, "the server answers: "+name)
}

// StatusName is a status as the specification names it: "BadNodeIdUnknown".
func StatusName(s ua.StatusCode) string {
	if d, ok := ua.StatusCodes[s]; ok && len(d.Name) > len("Status") {
		return spelling.Replace(d.Name[len("Status"):])
	}
	return fmt.Sprintf("0x%08X", uint32(s))
}

// spelling turns gopcua's names into the specification's.
var spelling = strings.NewReplacer("IDs", "Ids", "ID", "Id", "URI", "Uri", "URL", "Url", "TCP", "Tcp")
