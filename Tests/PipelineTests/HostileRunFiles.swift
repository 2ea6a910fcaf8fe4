/// Kind of file, content, and message.
let hostileRunFiles = #"""
  plan | 7 | plan.json: the value: expected an object, found the number 7
  plan | [] | plan.json: the value: expected an object, found an array
  plan | {} | plan.json: bits: expected a value, found no such member
  plan | null | plan.json: the value: expected an object, found null
  plan | {"bits":7} | plan.json: bits: expected an object, found the number 7
  plan | {"bits":[]} | plan.json: bits: expected an object, found an array
  plan | {"bits":{}} | the plan of bits leaves out model.layers.0.self_attn.q_proj, model.layers.0.self_attn.k_proj, model.layers.0.self_attn.v_proj and 11 more Linears
  plan | {"bits":{"model.layers.0.self_attn.q_proj":"4"}} | plan.json: bits.model.layers.0.self_attn.q_proj: expected an integer, or one of fp8, fp8-block, mxfp4, nvfp4, found 4
  plan | {"bits":{"model.layers.0.self_attn.q_proj":4.5}} | plan.json: bits.model.layers.0.self_attn.q_proj: expected an integer, found the number 4.5
  plan | {"bits":{"model.layers.0.self_attn.q_proj":4}} | the plan of bits leaves out model.layers.0.self_attn.k_proj, model.layers.0.self_attn.v_proj, model.layers.0.self_attn.o_proj and 10 more Linears
  plan | {"bits":{"*":4}} | the plan of bits names *, which no Linear of the model is called
  plan | {"bits":{"model.layers.*.*.*":4,"model.layers.7.self_attn.q_proj":4}} | the plan of bits names model.layers.7.self_attn.q_proj, which no Linear of the model is called
  plan | {"bits":{"model.layers.*.*.*":4,"lm_head":4}} | the plan of bits names lm_head, which no Linear of the model is called
  plan | {"bits":{"model.layers.*.*.*":4 | plan.json: line 1, column 32: expected ',' or '}', found the end of the text
  plan | {"bits":{"model.layers.*.*.*":1e40}} | plan.json: bits.model.layers.*.*.*: expected an integer, found the number 1e40
  plan | {"bits":{"a":4,"a":4}} | plan.json: line 1, column 16: expected distinct member names, found "a" again
  manifest | 7 | m/ptq-manifest.json: the value: expected an object, found the number 7
  manifest | [] | m/ptq-manifest.json: the value: expected an object, found an array
  manifest | {} | m/ptq-manifest.json: files: expected a value, found no such member
  manifest | null | m/ptq-manifest.json: the value: expected an object, found null
  manifest | {"files":7} | m/ptq-manifest.json: files: expected an object, found the number 7
  manifest | {"files":[]} | m/ptq-manifest.json: files: expected an object, found an array
  manifest | {"files":{"a":7}} | m/ptq-manifest.json: files.a: expected an object, found the number 7
  manifest | {"files":{"a":{}}} | m/ptq-manifest.json: files.a.bytes: expected a value, found no such member
  manifest | {"files":{"a":{"bytes":"1","sha256":""}}} | m/ptq-manifest.json: files.a.bytes: expected an integer, found a string
  manifest | {"files":{"a":{"bytes":1.5,"sha256":""}}} | m/ptq-manifest.json: files.a.bytes: expected an integer, found the number 1.5
  manifest | {"files":{"a":{"bytes":1,"sha256":7}}} | m/ptq-manifest.json: files.a.sha256: expected a string, found the number 7
  manifest | {"files":{},"sha256":7} | m/ptq-manifest.json: sha256: expected a string, found the number 7
  manifest | {"files":{}} | m/ptq-manifest.json: sha256: expected a value, found no such member
  manifest | {"files":{ | m/ptq-manifest.json: line 1, column 11: expected a member name in quotes, found the end of the text
  manifest | {"files":{"a":{"bytes":1e40,"sha256":""}}} | m/ptq-manifest.json: files.a.bytes: expected an integer, found the number 1e40
  report | 7 | model/ptq-report.json: the value: expected an object, found the number 7
  report | [] | model/ptq-report.json: the value: expected an object, found an array
  report | {} | model/ptq-report.json: method: expected a value, found no such member
  report | null | model/ptq-report.json: the value: expected an object, found null
  report | { | model/ptq-report.json: line 1, column 2: expected a member name in quotes, found the end of the text
  report | {"method":7} | model/ptq-report.json: method: expected a string, found the number 7
  report | {"method":"gptq"} | model/ptq-report.json: calibration_tokens: expected a value, found no such member
  report | {"method":"gptq","calibration_tokens":"1"} | model/ptq-report.json: calibration_tokens: expected an integer, found a string
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1.5} | model/ptq-report.json: held_out_tokens: expected an integer, found the number 1.5
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1} | model/ptq-report.json: linears: expected a value, found no such member
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":7} | model/ptq-report.json: linears: expected an array, found the number 7
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[7]} | model/ptq-report.json: linears[0]: expected an object, found the number 7
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{}]} | model/ptq-report.json: linears[0].name: expected a value, found no such member
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{"name":7}]} | model/ptq-report.json: linears[0].name: expected a string, found the number 7
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{"name":"a","rows":0}]} | model/ptq-report.json: linears[0].rows: expected a positive integer of at most 2147483647, found 0
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{"name":"a","rows":1,"columns":-1}]} | model/ptq-report.json: linears[0].columns: expected a positive integer of at most 2147483647, found -1
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{"name":"a","rows":1,"columns":1,"bits_per_weight":"4"}]} | model/ptq-report.json: linears[0].bits_per_weight: expected a number, found a string
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{"name":"a","rows":1,"columns":1,"bits_per_weight":4}]} | model/ptq-report.json: linears[0].weight_error: expected a value, found no such member
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{"name":"a","rows":1,"columns":1,"bits_per_weight":4,"weight_error":0.1,"clipped":"x"}]} | model/ptq-report.json: linears[0].clipped: expected a number, found a string
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{"name":"a","rows":1,"columns":1,"bits_per_weight":4,"weight_error":0.1,"lost_rows":0.5}]} | model/ptq-report.json: linears[0].lost_rows: expected an integer, found the number 0.5
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{"name":"a","rows":1,"columns":1,"bits_per_weight":4,"weight_error":0.1,"scaled_input":1}]} | model/ptq-report.json: linears[0].scaled_input: expected a boolean, found the number 1
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{"name":"a","rows":1,"columns":1,"bits_per_weight":4,"weight_error":0.1,"damping":0.1}]} | model/ptq-report.json: linears[0].damping_retries: expected a value, found no such member
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{"name":"a","rows":1,"columns":1,"bits_per_weight":4,"weight_error":0.1,"damping":"x"}]} | model/ptq-report.json: linears[0].damping: expected a number, found a string
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{"name":"a","rows":1,"columns":1,"bits_per_weight":4,"weight_error":0.1,"damping":0.1,"damping_retries":0}]} | model/ptq-report.json: linears[0].dead_channels: expected a value, found no such member
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{"name":"a","rows":1,"columns":1,"bits_per_weight":4,"weight_error":0.1,"calibration_error":"nan"}]} | model/ptq-report.json: linears[0].calibration_error: expected a number, found a string
  report | {"method":"gptq","calibration_tokens":1,"held_out_tokens":1,"linears":[{"name":"a","rows":1,"columns":1,"bits_per_weight":4,"weight_error":0.1,"expert_tokens":[]}]} | model/ptq-report.json: linears[0].expert_tokens: expected an integer, found an array
  report | {"method":"gptq","calibration_tokens":1e40} | model/ptq-report.json: calibration_tokens: expected an integer, found the number 1e40
  journal | 7 | w/journal.json: the value: expected an object, found the number 7
  journal | [] | w/journal.json: the value: expected an object, found an array
  journal | {} | w/journal.json: run: expected a value, found no such member
  journal | null | w/journal.json: the value: expected an object, found null
  journal | { | w/journal.json: line 1, column 2: expected a member name in quotes, found the end of the text
  journal | {"run":7} | w/journal.json: run: expected an object, found the number 7
  journal | {"run":{"a":7}} | w/journal.json: run.a: expected a string, found the number 7
  journal | {"run":{}} | w/journal.json: blocks: expected a value, found no such member
  journal | {"run":{},"blocks":0} | w/journal.json: blocks: expected a positive integer of at most 2147483647, found 0
  journal | {"run":{},"blocks":-1} | w/journal.json: blocks: expected a positive integer of at most 2147483647, found -1
  journal | {"run":{},"blocks":"1"} | w/journal.json: blocks: expected an integer, found a string
  journal | {"run":{},"blocks":1e40} | w/journal.json: blocks: expected an integer, found the number 1e40
  journal | {"run":{},"blocks":1} | w/journal.json: linears: expected a value, found no such member
  journal | {"run":{},"blocks":1,"linears":7} | w/journal.json: linears: expected an array, found the number 7
  journal | {"run":{},"blocks":1,"linears":[7]} | w/journal.json: linears[0]: expected an object, found the number 7
  journal | {"run":{},"blocks":1,"linears":[{"name":7}]} | w/journal.json: linears[0].name: expected a string, found the number 7
  journal | {"run":{},"blocks":99999999999,"linears":[]} | w/journal.json: blocks: expected a positive integer of at most 2147483647, found 99999999999
  search | 7 | .out.search/kept/journal.json: the value: expected an object, found the number 7
  search | { | .out.search/kept/journal.json: line 1, column 2: expected a member name in quotes, found the end of the text
  search | {} | .out.search/kept/journal.json: run: expected a value, found no such member
  search | {"run":{"a":7}} | .out.search/kept/journal.json: run.a: expected a string, found the number 7
  search | {"run":{},"blocks":0} | .out.search/kept/journal.json: blocks: expected a positive integer of at most 2, found 0
  search | {"run":{},"blocks":3} | .out.search/kept/journal.json: blocks: expected a positive integer of at most 2, found 3
  search | {"run":{},"blocks":1e40} | .out.search/kept/journal.json: blocks: expected an integer, found the number 1e40
  search | {"run":{},"blocks":1} | .out.search/kept/journal.json: seconds: expected a value, found no such member
  search | {"run":{},"blocks":1,"seconds":"1"} | .out.search/kept/journal.json: seconds: expected a number, found a string
  search | {"run":{},"blocks":1,"seconds":1} | .out.search/kept/journal.json: sets: expected a value, found no such member
  search | {"run":{},"blocks":1,"seconds":1,"sets":{}} | .out.search/kept/journal.json: sets: expected an array, found an object
  search | {"run":{},"blocks":1,"seconds":1,"sets":[]} | .out.search/kept/journal.json: sets: expected 4 for 1 blocks, found 0
  search | {"run":{},"blocks":1,"seconds":1,"sets":[7,7,7,7]} | .out.search/kept/journal.json: sets[0]: expected an object, found the number 7
  search | {"run":{},"blocks":1,"seconds":1,"sets":[{},7,7,7]} | .out.search/kept/journal.json: sets[0].losses: expected a value, found no such member
  search | {"run":{},"blocks":1,"seconds":1,"sets":[{"losses":["1"]},7,7,7]} | .out.search/kept/journal.json: sets[0]: expected losses of 2 choices, found 1
  search | {"run":{},"blocks":1,"seconds":1,"sets":[{"losses":["1",2]},7,7,7]} | .out.search/kept/journal.json: sets[0].losses[1]: expected a string, found the number 2
  search | {"run":{},"blocks":1,"seconds":1,"sets":[{"losses":["1","x"]},7,7,7]} | .out.search/kept/journal.json: sets[0].losses[1]: expected a number in quotes, found x
  search | {"run":{},"blocks":1,"seconds":1,"sets":[{"losses":["1","2"],"divergence":3},7,7,7]} | .out.search/kept/journal.json: sets[0].divergence: expected a string, found the number 3
  records | 7 | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: the value: expected an object, found the number 7
  records | [] | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: the value: expected an object, found an array
  records | null | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: the value: expected an object, found null
  records | {} | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: text: expected a value, found no such member
  records | {"text":7} | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: text: expected a string, found the number 7
  records | {"text":null} | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: text: expected a string, found null
  records | {"text":["a"]} | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: text: expected a string, found an array
  records | {"messages":7} | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: messages: expected an array, found the number 7
  records | {"messages":[7]} | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: messages[0]: expected an object, found the number 7
  records | {"messages":[{"role":"user","content":7}]} | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: messages[0].content: expected a string, found the number 7
  records | {"conversations":7} | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: conversations: expected an array, found the number 7
  records | {"conversations":[{"from":"human","value":7}]} | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: conversations[0].value: expected a string, found the number 7
  records | {"text":"a" | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: line 1, column 12: expected ',' or '}', found the end of the text
  records | {"text":"a"} x | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: line 1, column 14: expected the end of the text, found 'x'
  records | {'text':'a'} | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: line 1, column 2: expected a member name in quotes, found '''
  records | {"text":"\ud800"} | a.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: line 1, column 10: expected a surrogate pair, found only half of one
  """#
