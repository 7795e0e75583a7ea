// Package field holds the typed fields of records that packs declare: of facts (kernel/fact) and of entries of registers
// (office/register). A field has a key, names in zh and en, a type and bounds; a schema of fields reads a record from JSON or
// from the cells of a spreadsheet, brings it into one canonical form, says what is wrong in both languages by the field's
// name, and describes itself as JSON Schema.
//
// Numbers are exact: an integer is an int64, money is whole fen (分), a decimal is an int64 of its last place. There is no
// floating point in a record.
//
// Sources: JSON Schema 2020-12 (json-schema.org, validation vocabulary), RFC 3339, RFC 8259.
//
// Files: field.go (the nouns), declare.go (what a pack may declare), value.go (one value), record.go (JSON in and out), cell.go
// (spreadsheets), decimal.go, schema.go (JSON Schema), format.go (formats with a check of their own).
package field
