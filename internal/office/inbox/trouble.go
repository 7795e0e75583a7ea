package inbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"

	"jingwei/internal/kernel/outward"
	"jingwei/internal/kernel/text"
)

// trouble is why something could not be sent: a code for words that a user understands, and what the other side said.
type trouble struct {
	code   string
	detail string
	final  bool // another try cannot help
	cause  error
}

func (t *trouble) Error() string {
	return "send: " + t.code + ": " + t.detail
}

func (t *trouble) Unwrap() error { return t.cause }

// words of the codes.
var troubles = map[string]text.Text{
	"inside":      {Zh: "地址指向内部网络，平台不允许发送", En: "The address leads into an internal network; the node does not send there"},
	"name":        {Zh: "找不到该主机，请检查地址", En: "There is no such host; check the address"},
	"unreachable": {Zh: "连接不上对方服务器，稍后会自动重试", En: "The other server cannot be reached; it is tried again by itself"},
	"timeout":     {Zh: "对方服务器没有及时答复，稍后会自动重试", En: "The other server did not answer in time; it is tried again by itself"},
	"certificate": {Zh: "对方服务器的证书不可信", En: "The certificate of the other server is not trusted"},
	"encryption":  {Zh: "对方邮件服务器不支持加密", En: "The mail server offers no encryption"},
	"sign-in":     {Zh: "对方拒绝登录：用户名、密码或密钥不对", En: "The other side refuses the sign-in: user, password or key is wrong"},
	"refused":     {Zh: "对方拒收", En: "The other side refuses it"},
	"busy":        {Zh: "对方暂时不收，稍后会自动重试", En: "The other side takes nothing at the moment; it is tried again by itself"},
	"signature":   {Zh: "对方说签名不对，请核对密钥", En: "The other side says that the signature is wrong; check the secret"},
	"rate":        {Zh: "发送太频繁，对方限流，稍后会自动重试", En: "Too many messages; the other side slows us down, and it is tried again by itself"},
	"no-sender":   {Zh: "平台还没有配置发送服务（邮件或短信），请联系平台运维", En: "The node has no mail or SMS service set up; ask whoever runs it"},
	"unverified":  {Zh: "该地址尚未验证", En: "The address has not been verified"},
	"off":         {Zh: "该渠道已停用", En: "The channel is off"},
	"full":        {Zh: "待发太多，未排队", En: "Too many wait to be sent; it was not queued"},
	"sealed":      {Zh: "密钥无法读取，请重新填写", En: "The secret cannot be read; give it again"},
	"answer":      {Zh: "对方的答复看不懂", En: "The answer of the other side makes no sense"},
	"gone":        {Zh: "收件人已不能看到该内容", En: "The recipient may not see it any more"},
}

// maxDetail bounds what is kept of another side's words, in characters.
const maxDetail = 300

// told are the words of a trouble, with what the other side said.
func told(code, detail string) text.Text {
	w, ok := troubles[code]
	if !ok {
		return text.Text{}
	}
	if detail != "" {
		w.Zh, w.En = w.Zh+"（"+detail+"）", w.En+" ("+detail+")"
	}
	return w
}

// lineOf makes one line of another side's words.
func lineOf(s string) string {
	return shorten(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }), " "), maxDetail)
}

// network tells what an error of a connection means.
func network(err error) *trouble {
	var t *trouble
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.As(err, &t):
		return t
	case errors.Is(err, outward.ErrInside):
		return &trouble{code: "inside", final: true, cause: err}
	case errors.Is(err, errSealed):
		return &trouble{code: "sealed", final: true, cause: err}
	case errors.As(err, &dns) && dns.IsNotFound:
		return &trouble{code: "name", detail: lineOf(dns.Name), cause: err}
	case errors.As(err, &cert):
		return &trouble{code: "certificate", detail: lineOf(cert.Err.Error()), cause: err}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return &trouble{code: "timeout", cause: err}
	}
	return &trouble{code: "unreachable", detail: lineOf(outward.NoAddress(err).Error()), cause: err}
}

// status tells what an HTTP status means; nil for success.
func status(code int, answer []byte) error {
	detail := lineOf(fmt.Sprintf("HTTP %d %s", code, answer))
	switch {
	case code/100 == 2:
		return nil
	case code == 429:
		return &trouble{code: "rate", detail: detail}
	case code == 401 || code == 403:
		return &trouble{code: "sign-in", detail: detail, final: true}
	case code == 408 || code == 425 || code/100 == 5:
		return &trouble{code: "busy", detail: detail}
	}
	return &trouble{code: "refused", detail: detail, final: true} // a redirect, too
}
