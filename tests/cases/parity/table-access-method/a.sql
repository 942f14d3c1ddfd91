CREATE ACCESS METHOD am TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE t (id int) USING heap;
