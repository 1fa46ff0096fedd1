package imaging
import ("testing";"fmt";"strings";"autodropout/internal/golden")
func TestZZ(t *testing.T){
 f := golden.Load(t, "/tmp/w/rand.safetensors"); src := load(f,"resize/image")[0]
 filters := map[string]Filter{"bilinear": Bilinear, "bicubic": Bicubic}
 bad:=0
 for _,name := range f.Names() { p:=strings.Split(name,"/"); if len(p)!=4 {continue}
  var b Box; fmt.Sscanf(p[2],"%g,%g,%g,%g",&b.Left,&b.Top,&b.Right,&b.Bottom)
  want:=load(f,name)[0]; dst:=New(want.Width,want.Height); Resize(dst,src,b,filters[p[1]])
  wrong:=0; for i:=range dst.Pix { if dst.Pix[i]!=want.Pix[i]{wrong++}}
  if wrong>0 { bad++; t.Logf("%s wrong %d of %d  sx %.3f sy %.3f", name, wrong, len(dst.Pix), (b.Right-b.Left)/float64(dst.Width), (b.Bottom-b.Top)/float64(dst.Height)) }
 }
 t.Errorf("%d bad",bad)
}
