package api

import (
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/internal/kernel/api/problem"
)

// Headers come from anybody: whatever they hold, the answer is one of what is expected.
func FuzzHeaders(f *testing.F) {
	f.Add("zh-CN,zh;q=0.9", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "br, gzip;q=0")
	f.Add(";;,,q=", "00-", "gzip;")
	f.Fuzz(func(t *testing.T, language, trace, encoding string) {
		if l := problem.ParseAcceptLanguage(language); l != problem.Chinese && l != problem.English {
			t.Fatalf("language %q", l)
		}
		if id, ok := parseTraceparent(trace); ok && (len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "") {
			t.Fatalf("trace %q", id)
		}
		acceptsGzip(encoding)
	})
}

// Whatever a validator says, the fault has a code, and nothing of a secret comes back.
func FuzzValidationFault(f *testing.F) {
	f.Add("expected length >= 3", "body.password", "hunter2hunter2")
	f.Add("expected required property name to be present", "body", "")
	f.Add("invalid character 'h' looking for \"hunter2hunter2\"", "body", "hunter2hunter2")
	f.Fuzz(func(t *testing.T, message, location, value string) {
		e := validationFault(&huma.ErrorDetail{Message: message, Location: location, Value: value})
		if e.Kind() == nil || e.Kind().Code() == "" {
			t.Fatal("a fault without a code")
		}
		if location == "body.password" && len(value) > 8 && !strings.Contains(message+location, value) && strings.Contains(e.Error(), value) {
			t.Fatalf("the secret comes back: %v", e)
		}
	})
}
