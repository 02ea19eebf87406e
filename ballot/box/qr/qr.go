// Package qr draws a receipt, or another short text, as a QR code: as a picture to print or to show,
// and as characters for a terminal.
//
//	picture, err := qr.PNG(receipt.Bytes())
//	text, err := qr.Terminal(receipt.Bytes())
//
// The content is UTF-8; another one is refused. What a scanner reads is the content, byte for byte: a file that box.ParseReceipt
// takes. A receipt takes 330 bytes, and 45 more each time the log doubles, so that one from a log of
// a million ballots has about 1,250 of the MaxBytes that fit. Cosignatures make it longer.
//
// Nothing here is secret, and a receipt tells nothing about the vote.
package qr

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"unicode/utf8"

	goqr "github.com/piglig/go-qr"
)

// MaxBytes is how much content fits into a code. The larger the content, the finer the grid.
const MaxBytes = 2900

const (
	quiet = 4 // modules of margin that scanners want
	scale = 6 // pixels of one module

	utf8Designator = 26 // of ECI: the bytes are UTF-8
)

// encode returns the grid without its margin. The level of correction is the best of those that
// the grid has room for.
func encode(content []byte) (*goqr.QrCode, error) {
	if len(content) == 0 || len(content) > MaxBytes {
		return nil, fmt.Errorf("qr: %d bytes do not fit into a code, 1 to %d do", len(content), MaxBytes)
	}
	if !utf8.Valid(content) {
		return nil, errors.New("qr: the content is not UTF-8, and scanners would read something else")
	}
	designator, err := goqr.MakeEci(utf8Designator)
	if err != nil {
		return nil, fmt.Errorf("qr: %w", err)
	}
	segment, err := goqr.MakeBytes(content)
	if err != nil {
		return nil, fmt.Errorf("qr: %w", err)
	}
	code, err := goqr.EncodeStandardSegments([]*goqr.QrSegment{designator, segment}, goqr.Low)
	if err != nil {
		return nil, fmt.Errorf("qr: %w", err)
	}
	return code, nil
}

// PNG returns a picture of the content, 1 to MaxBytes of UTF-8: black on white, 6 pixels a module.
func PNG(content []byte) ([]byte, error) {
	code, err := encode(content)
	if err != nil {
		return nil, err
	}
	side := (code.GetSize() + 2*quiet) * scale
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			if code.GetModule(x/scale-quiet, y/scale-quiet) {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return nil, fmt.Errorf("qr: %w", err)
	}
	return out.Bytes(), nil
}

// Terminal returns the content, 1 to MaxBytes of UTF-8, as lines of half blocks, each character two
// modules high. The light modules are drawn, so it is meant for a terminal of light letters on dark
// ground; most scanners read the reverse too.
func Terminal(content []byte) (string, error) {
	code, err := encode(content)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for y := -quiet; y < code.GetSize()+quiet; y += 2 {
		for x := -quiet; x < code.GetSize()+quiet; x++ {
			// The line below the last one is no part of the code, and stays dark.
			top, bottom := !code.GetModule(x, y), !code.GetModule(x, y+1) && y+1 < code.GetSize()+quiet
			switch {
			case top && bottom:
				out.WriteRune('█')
			case top:
				out.WriteRune('▀')
			case bottom:
				out.WriteRune('▄')
			default:
				out.WriteRune(' ')
			}
		}
		out.WriteByte('\n')
	}
	return out.String(), nil
}
