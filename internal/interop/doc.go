// Package interop tests what the project writes with software that is not its own: the published
// log with a client of C2SP tlog-tiles, cosignatures with another witness, QR codes with a decoder.
package interop
