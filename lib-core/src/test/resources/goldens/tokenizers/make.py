# tokenizers of three kinds, with the ids that transformers makes of hard prompts
import json
import sys
from tokenizers import Tokenizer, models, pre_tokenizers, decoders, trainers, processors, AddedToken, normalizers
texts=["A dog sleeps under the table.","What is in the picture? USER: ASSISTANT:","Describe the image in one sentence.\nHow many red birds?","<tool_call> x </s> <image> 17 years"]*20
out = sys.argv[1]
def save(name, tk, added):
    tk.save(f'{out}/{name}.json')
# 1 byte level (qwen2-like): no beginning token, special tokens behind the vocabulary, one added token that is not special
bl=Tokenizer(models.BPE()); bl.normalizer=normalizers.NFC(); bl.pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False); bl.decoder=decoders.ByteLevel(); bl.post_processor=processors.ByteLevel(trim_offsets=False)
bl.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=330, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
bl.add_special_tokens([AddedToken("<|endoftext|>",special=True,normalized=False),AddedToken("<|im_start|>",special=True,normalized=False),AddedToken("<|im_end|>",special=True,normalized=False)])
bl.add_tokens([AddedToken("<tool_call>",normalized=False)])
bl.add_special_tokens([AddedToken("<image>",special=True,normalized=False)])
# 2 metaspace, prefix at the first word only (llama, legacy off), specials in the vocabulary
ms=Tokenizer(models.BPE(unk_token="<unk>",byte_fallback=False)); ms.pre_tokenizer=pre_tokenizers.Metaspace(replacement="▁",prepend_scheme="first",split=False); ms.decoder=decoders.Metaspace(replacement="▁",prepend_scheme="first")
ms.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=300, special_tokens=["<unk>","<s>","</s>"]))
ms.add_special_tokens([AddedToken("<image>",special=True,normalized=False),AddedToken("<pad>",special=True,normalized=False)])
ms.post_processor=processors.TemplateProcessing(single="<s> $A",special_tokens=[("<s>",1)])
# 3 unigram with an image token that eats the space behind it
ug=Tokenizer(models.Unigram()); ug.pre_tokenizer=pre_tokenizers.Metaspace(); ug.decoder=decoders.Metaspace()
ug.train_from_iterator(texts, trainers.UnigramTrainer(vocab_size=120, special_tokens=["<unk>","<s>","</s>"],unk_token="<unk>"))
ug.add_special_tokens([AddedToken("<image>",special=True,normalized=False,rstrip=True,lstrip=True)])
ug.post_processor=processors.TemplateProcessing(single="<s> $A",special_tokens=[("<s>",1)])
prompts=["USER: <image>\nWhat is in the picture? ASSISTANT:","<image>What is it","two  spaces <image>  two","a dog<image>","  lead <image>\n\n<tool_call>x"]
cases={}
for name,tk in (('byte-level',bl),('first-only',ms),('unigram',ug)):
    tk.save(f'{out}/{name}.json')
    img=tk.token_to_id('<image>')
    cases[name]={'image':img,'end':tk.token_to_id('<|im_end|>' if name=='byte-level' else '</s>'),'end_token':'<|im_end|>' if name=='byte-level' else '</s>',
      'prompts':[{'text':t,'ids':tk.encode(t).ids,'text_only_ids':tk.encode(t.replace('<image>','picture')).ids} for t in prompts],
      'responses':[{'text':t,'ids':tk.encode(t,add_special_tokens=False).ids} for t in ["A dog sleeps."," table","x\ny"]]}
json.dump(cases,open(out+'/cases.json','w'),indent=1)
