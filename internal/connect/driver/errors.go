package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"jingwei/internal/kernel/text"
)

// Text is a sentence for people in both languages of the product.
type Text = text.Text

// FieldError says which field of a link or point is wrong, what stands there, and how to mend it.
type FieldError struct {
	Field, Value string
	Text         Text
	Err          error // the cause, or nil
}

// Error gives the English text.
func (e *FieldError) Error() string { return fmt.Sprintf("%s %q: %s", e.Field, e.Value, e.Text.En) }

// Unwrap returns the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// UnitError says that one unit behind the link does not answer. The session lives, and its other units are well.
type UnitError struct {
	Unit string
	Err  error
}

// Error names the unit.
func (e *UnitError) Error() string { return fmt.Sprintf("unit %s does not answer: %v", e.Unit, e.Err) }

// Unwrap returns the cause.
func (e *UnitError) Unwrap() error { return e.Err }

// Fault is an error with a stable code and plain words: what a user reads when a link is down.
type Fault struct {
	Code string // one of the Code constants, or a driver's own
	Text Text
	Err  error // the cause, or nil

	// Attr are particulars that a program may act on (the fingerprint of a certificate to approve); never a secret.
	Attr map[string]string
}

// Error gives the English text and the cause.
func (f *Fault) Error() string {
	if f.Err == nil {
		return f.Text.En
	}
	return f.Text.En + ": " + f.Err.Error()
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Codes of faults that the supervisor itself tells; they are stable, counted in State.Errors, and documented for users.
const (
	CodeRefused     = "refused"     // the host answers, nothing listens at the port
	CodeUnreachable = "unreachable" // no route, or the host is down
	CodeName        = "name"        // the host's name does not resolve
	CodeTimeout     = "timeout"     // no answer in time
	CodeReset       = "reset"       // the other side broke the connection off
	CodeClosed      = "closed"      // the other side closed the connection
	CodeSilent      = "silent"      // nothing heard for longer than allowed
	CodeUnit        = "unit"        // one unit does not answer
	CodeNoUnit      = "noUnit"      // connected, but no unit of the link answers
	CodeProtocol    = "protocol"    // what came is not the protocol
	CodeDriver      = "driver"      // the driver broke its contract
	CodeStopped     = "stopped"     // the gateway is stopping or the caller gave up
	CodeOther       = "other"

	// CodeUntrusted: the server's certificate has to be approved by a person. Attr says which: AttrFingerprint,
	// AttrSubject, AttrNotAfter. It is approved by the link's configuration, member serverFingerprint.
	CodeUntrusted = "certificate.untrusted"
)

// Attributes of a Fault of CodeUntrusted.
const (
	AttrFingerprint = "fingerprint" // SHA-256 of the certificate, hex
	AttrSubject     = "subject"
	AttrNotAfter    = "notAfter" // RFC 3339
)

// Explain puts an error of a driver or of the network into plain words.
func Explain(err error) *Fault {
	var name *net.DNSError
	var timeout net.Error
	mk := func(code, zh, en string) *Fault { return &Fault{Code: code, Text: Text{Zh: zh, En: en}, Err: err} }
	for e := err; e != nil; e = errors.Unwrap(e) { // the outermost that says something
		switch told := e.(type) {
		case *Fault:
			return told
		case *UnitError:
			return mk(CodeUnit, fmt.Sprintf("单元 %s 没有应答：请检查其电源、接线、站号和波特率", told.Unit),
				fmt.Sprintf("unit %s does not answer: check its power, wiring, unit number and baud rate", told.Unit))
		}
	}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &name):
		return mk(CodeName, fmt.Sprintf("主机名 %s 无法解析：请检查拼写，或改用 IP 地址", name.Name),
			fmt.Sprintf("the host name %s does not resolve: check its spelling, or use an IP address", name.Name))
	case errors.Is(err, syscall.ECONNREFUSED):
		return mk(CodeRefused, "设备拒绝连接：主机在线，但该端口没有服务，或设备只允许一个连接且已被占用",
			"the device refuses the connection: the host is up, but nothing listens at this port, or its only connection is taken")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTDOWN):
		return mk(CodeUnreachable, "找不到设备：没有到该地址的路由，或设备已关机；请检查网线、IP 地址和网段",
			"the device cannot be reached: no route to its address, or it is off; check the cable, the IP address and the subnet")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return mk(CodeReset, "设备中断了连接：可能正在重启，或另一个客户端占用了它唯一的连接",
			"the device broke the connection off: it may be restarting, or another client has taken its only connection")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return mk(CodeClosed, "设备关闭了连接", "the device closed the connection")
	case errors.Is(err, context.Canceled):
		return mk(CodeStopped, "操作已取消", "the operation was cancelled")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return mk(CodeTimeout, "设备在规定时间内没有应答", "the device did not answer in time")
	}
	return mk(CodeOther, "连接出错："+err.Error(), "the link failed: "+err.Error())
}
