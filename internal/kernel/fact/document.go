package fact

import (
	"archive/zip"
	"bytes"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// MaxDocument bounds a document, in bytes.
const MaxDocument = 20 << 20

// fileType is a type of documents that is taken.
type fileType struct {
	media      string
	extensions []string
}

var (
	typePDF  = fileType{"application/pdf", []string{"pdf"}}
	typePNG  = fileType{"image/png", []string{"png"}}
	typeJPEG = fileType{"image/jpeg", []string{"jpg", "jpeg"}}
	typeOFD  = fileType{"application/ofd", []string{"ofd"}} // GB/T 33190-2016
	typeDOCX = fileType{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", []string{"docx"}}
	typeXLSX = fileType{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", []string{"xlsx"}}
	typePPTX = fileType{"application/vnd.openxmlformats-officedocument.presentationml.presentation", []string{"pptx"}}
	typeZIP  = fileType{"application/zip", []string{"zip"}}
	typeXML  = fileType{"application/xml", []string{"xml"}}
	typeText = fileType{"text/plain", []string{"txt", "csv", "md", "json"}}
)

// documentTypes are those that are taken.
var documentTypes = []fileType{typePDF, typePNG, typeJPEG, typeOFD, typeDOCX, typeXLSX, typePPTX, typeZIP, typeXML, typeText}

// Extensions are the endings of names that documents may have.
func Extensions() (out []string) {
	for _, t := range documentTypes {
		out = append(out, t.extensions...)
	}
	return out
}

// Sniff finds out from its content what a file is, and whether its name says the same. media is "" for what is not taken at all.
func Sniff(name string, data []byte) (media string, agrees bool) {
	t, ok := sniff(data)
	if !ok {
		return "", false
	}
	ending := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	return t.media, slices.Contains(t.extensions, ending)
}

// sniff looks at the signatures of the formats: ISO 32000-1 7.5.2 (a PDF may have up to 1024 bytes in front), PNG 5.2, JFIF,
// APPNOTE 4.3.7 (ZIP) with the parts of ECMA-376 and GB/T 33190 in it.
func sniff(data []byte) (fileType, bool) {
	switch {
	case bytes.Contains(data[:min(len(data), 1024)], []byte("%PDF-")):
		return typePDF, true
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return typePNG, true
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return typeJPEG, true
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return sniffZip(data)
	}
	head := data[:min(len(data), 64<<10)]
	if len(data) == 0 || bytes.IndexByte(head, 0) >= 0 {
		return fileType{}, false
	}
	if !utf8.Valid(data) {
		plain, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
		if err != nil || bytes.ContainsRune(plain, utf8.RuneError) {
			return fileType{}, false
		}
	}
	if bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("<?xml")) {
		return typeXML, true
	}
	return typeText, !bytes.ContainsFunc(head, func(r rune) bool { return r < 0x20 && !strings.ContainsRune("\t\r\n\f", r) })
}

func sniffZip(data []byte) (fileType, bool) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(z.File) > 100_000 {
		return fileType{}, false
	}
	for _, f := range z.File {
		switch name := strings.TrimPrefix(f.Name, "/"); {
		case name == "OFD.xml":
			return typeOFD, true
		case name == "word/document.xml":
			return typeDOCX, true
		case name == "xl/workbook.xml":
			return typeXLSX, true
		case name == "ppt/presentation.xml":
			return typePPTX, true
		}
	}
	return typeZIP, true
}
