package interop

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/ballot/box/qr"
)

// scan reads the code of a picture that holds nothing else. The grid is measured at the finder patterns,
// which are black in three corners and seven modules wide: gozxing would guess it, as of a photograph,
// and fails on some.
func scan(t *testing.T, picture image.Image) string {
	t.Helper()
	dark := func(x, y int) bool {
		grey := color.GrayModel.Convert(picture.At(x, y)).(color.Gray)
		return grey.Y < 128
	}
	bounds := picture.Bounds()
	at := bounds.Min
	for !dark(at.X, at.Y) {
		if at.X++; at.X == bounds.Max.X {
			at = image.Pt(bounds.Min.X, at.Y+1)
		}
		require.Less(t, at.Y, bounds.Max.Y, "nothing is drawn")
	}
	right, finder := at.X, 0
	for x := at.X; x < bounds.Max.X; x++ {
		if dark(x, at.Y) {
			right = x
			if finder == x-at.X {
				finder++
			}
		}
	}
	module := finder / 7
	require.Equal(t, 7*module, finder)
	size := (right - at.X + 1) / module
	grid, err := gozxing.NewSquareBitMatrix(size)
	require.NoError(t, err)
	for y := range size {
		for x := range size {
			if dark(at.X+x*module+module/2, at.Y+y*module+module/2) {
				grid.Set(x, y)
			}
		}
	}
	result, err := decoder.NewDecoder().Decode(grid, nil)
	require.NoError(t, err)
	return result.GetText()
}

func decode(t *testing.T, encoded []byte) image.Image {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(encoded))
	require.NoError(t, err)
	return picture
}

// draw turns half blocks back into a picture, light characters on dark ground.
func draw(text string) image.Image {
	const size = 4
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	width := len([]rune(lines[0]))
	picture := image.NewGray(image.Rect(0, 0, size*width, 2*size*len(lines)))
	for y, line := range lines {
		for x, r := range []rune(line) {
			for half, light := range []bool{r == '█' || r == '▀', r == '█' || r == '▄'} {
				for i := range size * size {
					if light {
						picture.SetGray(x*size+i%size, (2*y+half)*size+i/size, color.Gray{255})
					}
				}
			}
		}
	}
	return picture
}

// A receipt goes through a picture, and through a terminal, and verifies on the other side.
func TestReceiptsAsQRCodes(t *testing.T) {
	const voters = 5
	p := newPoll(t, voters)
	p.cast(t, 0, voters)
	for i := range int64(voters) {
		given, err := p.box.Cast(context.Background(), p.ballots[i].Bytes())
		require.NoError(t, err)
		picture, err := qr.PNG(given.Bytes())
		require.NoError(t, err)
		text, err := qr.Terminal(given.Bytes())
		require.NoError(t, err)
		for _, scanned := range []string{scan(t, decode(t, picture)), scan(t, draw(text))} {
			require.Equal(t, string(given.Bytes()), scanned)
			r, err := box.ParseReceipt(p.Manifest, []byte(scanned))
			require.NoError(t, err)
			require.NoError(t, r.Verify(p.Manifest, p.ballots[i]))
		}
	}

	// The receipt of a log of a thousand million ballots fits, and so does the longest content.
	r, err := p.box.Cast(context.Background(), p.ballots[0].Bytes())
	require.NoError(t, err)
	r.Proof = make([]tlog.Hash, 30)
	for i := range r.Proof {
		r.Proof[i] = tlog.RecordHash([]byte{byte(i)})
	}
	for _, content := range []string{string(r.Bytes()), strings.Repeat("scrutin—", qr.MaxBytes/10)} {
		picture, err := qr.PNG([]byte(content))
		require.NoError(t, err)
		require.Equal(t, content, scan(t, decode(t, picture)))
	}
}
