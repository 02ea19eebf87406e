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
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/ballot/box/qr"
)

func scan(t *testing.T, picture image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	require.NoError(t, err)
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
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
