package handle

import "fmt"

// Refusal is what an operation was refused with. It is the error of servers, holdings and clients alike.
type Refusal struct {
	Code    Code
	Message string   // what, which value, which rule
	Indexes []uint32 // the values concerned, where there are some
}

func (r *Refusal) Error() string {
	if r.Message == "" {
		return r.Code.String()
	}
	return r.Code.String() + ": " + r.Message
}

// Refuse makes a refusal with a message by fmt.Sprintf.
func Refuse(code Code, indexes []uint32, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Message: fmt.Sprintf(format, args...), Indexes: indexes}
}
